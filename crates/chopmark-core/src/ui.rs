//! How the core knows its user: the window, the terminal and the tests each implement [`Ui`].

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::model::{Event, Question};

/// A secret a person gave. No `Debug`, no `Serialize`, no `Clone`; wiped when dropped.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over the text of a secret.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// The text. Do not keep it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// What a person answered.
pub enum Answer {
    /// To a question for a code, PIN or password.
    Secret(Secret),
    /// To [`Question::TypeLabel`]: what was typed. It is compared here in the core.
    Text(String),
    /// To [`Question::PinPad`]: go on. To [`Question::AcceptChanges`]: take it. To [`Question::CheckCode`]: use the likely one. To
    /// [`Question::OtherProtection`]: try it.
    Yes,
    /// To [`Question::AcceptChanges`]: refuse it. To [`Question::CheckCode`]: use the one that was typed. To
    /// [`Question::OtherProtection`]: leave it.
    No,
    /// Nobody can say now (a batch run): stop here, keep everything for `resume`.
    Later,
}

/// The user of a job.
#[async_trait]
pub trait Ui: Send + Sync {
    /// Something happened. Must not block.
    fn report(&self, event: Event);

    /// Asks the person; `None` means "cancel".
    async fn ask(&self, question: Question) -> Option<Answer>;

    /// Ends when the person wants to stop. Honoured before sending, while waiting and while asking.
    async fn cancelled(&self);
}
