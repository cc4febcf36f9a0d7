//! `chopmark doctor`: the check-up, its repairs and its report.

use std::process::ExitCode;

use chopmark_core::{app::App, model::*};
use rust_i18n::t;
use serde_json::{Map, Value, json};

use crate::{
    args::Doctor,
    output::{self, Failure, Output, plain},
};

/// Ends with the exit code of the worst finding that is an error.
pub(crate) async fn run(app: &App, output: &Output, order: Doctor) -> Result<ExitCode, Failure> {
    if let Some(id) = &order.fix {
        return Ok(repaired(output, "fixed", &app.fix(id).await?));
    }
    if let Some(id) = &order.undo {
        return Ok(repaired(output, "undone", &app.undo_fix(id).await?));
    }
    let view = match &order.replay {
        Some(file) => app.replay(file).await?,
        None => app.check_up(order.ca.as_deref()).await?,
    };
    if let Some(file) = &order.report {
        let redaction = Redaction { names: order.with_names, serials: order.with_serials };
        app.save_report(file, redaction).await?;
    }
    let mut fields = output::object(&view);
    if let Some(file) = &order.report {
        fields.insert("report".into(), json!(file.display().to_string()));
    }
    Ok(end(output, &view, fields))
}

fn repaired(output: &Output, word: &str, done: &FixDone) -> ExitCode {
    output.ok(json!({ word: done }), |output| {
        output.result(&plain(&done.did));
        if word == "fixed" {
            output.note(&t!("doctor.undo", id = &done.id));
        }
    });
    output.done()
}

fn end(output: &Output, view: &CheckUp, mut fields: Map<String, Value>) -> ExitCode {
    let worst = view.findings.iter().find(|finding| finding.severity == Severity::Error);
    if !output.json {
        print(output, view, &fields);
    }
    let Some(worst) = worst else {
        if output.json {
            output.ok(Value::Object(fields), |_| ());
        }
        return output.done();
    };
    let class = output::class(&worst.code);
    if output.json {
        let about =
            json!({ "code": worst.code, "class": class.word(), "message": worst.message, "hints": worst.hints });
        fields.extend(output::object(&about));
        output.error(fields);
    }
    ExitCode::from(class.exit_code())
}

fn print(output: &Output, view: &CheckUp, fields: &Map<String, Value>) {
    for line in &view.lines {
        let off = t!("doctor.service-off");
        let said = |(name, value): (&String, &String)| match &**name {
            "service" => off.to_string(),
            _ => value.clone(),
        };
        let facts: Vec<String> = line.facts.iter().map(said).filter(|value| !value.is_empty()).collect();
        let (state, about) = (t!(format!("doctor.{}", word(&line.state))), t!(format!("doctor.line-{}", line.check)));
        output.result(&format!("[{state}] {about}: {}", plain(&facts.join(" · "))));
    }
    if view.findings.is_empty() {
        output.result("");
        output.result(&t!("doctor.nothing"));
    }
    view.findings.iter().for_each(|finding| print_finding(output, finding));
    for done in &view.done {
        output.result("");
        output.result(&format!("{} {} {}", output::time(&done.at), plain(&done.did), t!("doctor.undo", id = &done.id)));
    }
    if let Some(file) = fields.get("report").and_then(Value::as_str) {
        output.note(&t!("doctor.saved", file = plain(file)));
    }
}

/// One finding: number, what is the matter, what to do.
pub(crate) fn print_finding(output: &Output, finding: &Finding) {
    output.result("");
    let about = if finding.about.is_empty() { String::new() } else { format!(" [{}]", plain(&finding.about)) };
    let severity = t!(format!("doctor.{}", word(&finding.severity)));
    output.result(&format!("{} {severity}{about}: {}", finding.code, plain(&finding.message)));
    finding.hints.iter().for_each(|hint| output.result(&format!("  - {}", plain(hint))));
    if let Some(fix) = &finding.fix {
        output.result(&format!("  > {} {}", plain(&fix.does), t!("doctor.fix", id = &fix.id)));
    }
}

#[cfg(test)]
mod tests {
    /// A line without its word would show its key.
    #[test]
    fn every_line_has_its_word() {
        for locale in ["en", "zh-CN"] {
            for line in ["readers", "driver", "token", "providers", "certificates", "ca", "clock", "computer"] {
                let key = format!("doctor.line-{line}");
                assert_ne!(rust_i18n::t!(&key, locale = locale), key, "{locale}");
            }
        }
    }
}
