//! Questions with "yes" and "no" for answers: a code that looks mistyped, another kind of MAC, a root to be trusted.

use chopmark_core::{
    model::{CodeFinding, CodePart, CodeSlip, MacChoice, word},
    ui::Answer,
};
use rust_i18n::t;
use serde_json::json;

use crate::{
    output::{grouped, plain},
    terminal::Terminal,
};

/// Shows what looks wrong, never the code. The flag answers before anybody is asked.
pub(crate) async fn check_code(
    terminal: &Terminal<'_>,
    part: CodePart,
    findings: &[CodeFinding],
    suggestion: bool,
) -> Option<Answer> {
    if terminal.output.json {
        terminal.output.event(&json!({ "event": "code-looks-wrong", "part": part, "findings": findings }));
    }
    if terminal.given().code_as_is {
        return Some(Answer::No);
    }
    if !terminal.can_ask {
        return Some(Answer::Later);
    }
    terminal.output.note(&t!(format!("ask.check-{}", word(&part))));
    for (slip, positions) in by_kind(findings) {
        let what = t!(format!("slip.{}", word(&slip)));
        terminal.output.note(&t!("ask.at", positions = positions, what = what));
    }
    if suggestion {
        return terminal.yes_or_no(&t!("ask.use-likely")).await.map(answer);
    }
    terminal.yes_or_no(&t!("ask.send-as-typed")).await.filter(|yes| *yes).map(|_| Answer::No)
}

/// The kinds in the order in which they come up, each with its places.
fn by_kind(findings: &[CodeFinding]) -> Vec<(CodeSlip, String)> {
    let mut kinds: Vec<(CodeSlip, String)> = Vec::new();
    for finding in findings {
        match kinds.iter_mut().find(|(kind, _)| *kind == finding.kind) {
            Some((_, positions)) => *positions += &format!(", {}", finding.position),
            None => kinds.push((finding.kind, finding.position.to_string())),
        }
    }
    kinds
}

pub(crate) async fn other_protection(
    terminal: &Terminal<'_>,
    ca: &str,
    (from, to): (MacChoice, MacChoice),
    weaker: bool,
) -> Option<Answer> {
    if terminal.output.json {
        let event = json!({ "event": "protection-refused", "from": from, "to": to, "weaker": weaker });
        terminal.output.event(&event);
    }
    if terminal.given().fallback_protection {
        return Some(Answer::Yes);
    }
    if !terminal.can_ask {
        return Some(Answer::Later);
    }
    terminal.output.note(&t!("ask.other-protection", ca = plain(ca), from = word(&from)));
    if weaker {
        terminal.output.note(&t!("ask.weaker"));
    }
    terminal.yes_or_no(&t!("ask.try-other", to = word(&to))).await.map(answer)
}

/// Nothing hangs on the answer, so nobody there to ask is a no.
pub(crate) async fn trust_root(terminal: &Terminal<'_>, store: &str, ca: &str, sha256: &str) -> Option<Answer> {
    let given = terminal.given().trust_root;
    if terminal.output.json {
        let event = json!({ "event": "root", "store": store, "ca": ca, "sha256": sha256, "trusted": given });
        terminal.output.event(&event);
    }
    if given {
        return Some(Answer::Yes);
    }
    if !terminal.can_ask {
        return Some(Answer::No);
    }
    terminal.output.note(&t!("ask.trust-root-store", ca = plain(ca), store = plain(store)));
    terminal.output.note(&t!("ask.trust-root-fingerprint"));
    terminal.output.note(&format!("  {}", grouped(sha256)));
    terminal.yes_or_no(&t!("ask.trust-root-yes")).await.map(answer)
}

fn answer(yes: bool) -> Answer {
    if yes { Answer::Yes } else { Answer::No }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stand_beside_their_kind() {
        let finding = |position, kind| CodeFinding { position, kind };
        let findings = [finding(1, CodeSlip::Space), finding(4, CodeSlip::Dash), finding(9, CodeSlip::Space)];
        let kinds = by_kind(&findings);
        assert_eq!(kinds, [(CodeSlip::Space, "1, 9".to_owned()), (CodeSlip::Dash, "4".to_owned())]);
    }
}
