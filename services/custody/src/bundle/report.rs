//! `report.html`: the life in words, for people. It has no scripts, loads nothing, and everything is escaped.

use std::fmt::{self, Write as _};

use strongroom_kernel::{ports::StoredRecord, record};
use strongroom_ledger::Checkpoint;

use crate::life::Seen;

use super::{error::BundleError, gather::Evidence, names::record_name};

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Chain of custody</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 78em; padding: 0 1em; color: #1b1b1b; background: #fff }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #d4d4d4; padding: .35em .6em; text-align: left; vertical-align: top }
th { background: #f3f3f3 } td.n { text-align: right }
code, pre { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere } pre { white-space: pre-wrap; margin: .4em 0 }
.refused { color: #8a1c1c } .erased { color: #6b6b6b; font-style: italic }
</style>
</head>
<body>
"#;

/// The report of evidence.
pub(super) fn render(evidence: &Evidence, checkpoint: &Checkpoint) -> Result<String, BundleError> {
    let mut html = String::from(HEAD);
    // writing to a string succeeds
    let _ = head(&mut html, evidence, checkpoint);
    html.push_str("<h2>Leaves</h2>\n<table>\n<tr><th>Leaf</th><th>Time</th><th>Service</th><th>Action</th><th>Caller</th><th>Outcome</th><th>About</th></tr>\n");
    for stored in &evidence.records {
        let seen = Seen::of(stored).map_err(|error| BundleError::file(record_name(stored.index), &error))?;
        let _ = row(&mut html, &seen);
    }
    html.push_str("</table>\n");
    let _ = anchors(&mut html, evidence);
    html.push_str("<h2>Records</h2>\n<p>What each leaf commits to, with the values of its personal fields where they were not erased.</p>\n");
    for stored in &evidence.records {
        details(&mut html, stored)?;
    }
    html.push_str("</body>\n</html>\n");
    Ok(html)
}

fn head(html: &mut String, evidence: &Evidence, checkpoint: &Checkpoint) -> fmt::Result {
    let about = &evidence.about;
    writeln!(html, "<h1>Chain of custody of {} <code>{}</code></h1>", about.kind, Escaped(&about.name))?;
    writeln!(
        html,
        "<p>{} leaves of the ledger <code>{}</code> tell of it. They are proven under its checkpoint of {} leaves with \
         the root <code>{}</code>.</p>",
        evidence.records.len(),
        Escaped(checkpoint.origin()),
        checkpoint.size(),
        checkpoint.root().to_base64(),
    )?;
    html.push_str(
        "<p>This page is for reading. What proves it are the other files: check them as <code>README.md</code> says, with \
         a key that did not come with this bundle. That no further leaf tells of it is the word of whoever made the \
         bundle.</p>\n",
    );
    Ok(())
}

fn row(html: &mut String, seen: &Seen) -> fmt::Result {
    let Seen { index, time, service, action, .. } = seen;
    write!(
        html,
        "<tr><td class=\"n\"><a href=\"#leaf-{index}\">{index}</a></td><td>{}</td><td>{}</td><td>{}</td><td>{} ",
        Escaped(time),
        Escaped(service),
        Escaped(action),
        Escaped(&seen.caller.kind)
    )?;
    match &seen.caller.name {
        Some(name) => write!(html, "<b>{}</b>", Escaped(name))?,
        None => html.push_str("<span class=\"erased\">erased</span>"),
    }
    if seen.outcome == "done" {
        html.push_str("</td><td>done");
    } else {
        write!(html, "</td><td class=\"refused\">refused: {}", Escaped(&seen.outcome))?;
    }
    if seen.count != 1 {
        write!(html, " ({} times)", seen.count)?;
    }
    html.push_str("</td><td>");
    for subject in &seen.subjects {
        write!(html, "{} <code>{}</code><br>", Escaped(&subject.noun), Escaped(&subject.id))?;
    }
    for row in &seen.rows {
        write!(html, "{} in {}<br>", Escaped(&row.op), Escaped(&row.table))?;
    }
    for domain in &seen.read {
        write!(html, "content read in {}<br>", Escaped(domain))?;
    }
    html.push_str("</td></tr>\n");
    Ok(())
}

fn anchors(html: &mut String, evidence: &Evidence) -> fmt::Result {
    if evidence.stamped.is_empty() {
        return Ok(());
    }
    html.push_str(
        "<h2>Attested by outsiders</h2>\n<table>\n<tr><th>Checkpoint of</th><th>By</th><th>Root</th></tr>\n",
    );
    for stamped in &evidence.stamped {
        writeln!(
            html,
            "<tr><td class=\"n\">{} leaves</td><td>{}</td><td><code>{}</code></td></tr>",
            stamped.size,
            Escaped(&stamped.provider),
            stamped.root.to_base64()
        )?;
    }
    html.push_str("</table>\n");
    Ok(())
}

fn details(html: &mut String, stored: &StoredRecord) -> Result<(), BundleError> {
    let broken = |error: &dyn fmt::Display| BundleError::file(record_name(stored.index), error);
    let (_, plain) = record::plain(stored).map_err(|error| broken(&error))?;
    let text = serde_json::to_string_pretty(&plain).map_err(|error| broken(&error))?;
    let index = stored.index;
    let _ = writeln!(
        html,
        "<details id=\"leaf-{index}\"><summary>Leaf {index}</summary><pre>{}</pre></details>",
        Escaped(&text)
    );
    Ok(())
}

/// Text in a page: what means something to HTML is written as what it is, control characters are not written at all.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                '\n' => formatter.write_char('\n')?,
                // directions of writing could make a text look like another
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => formatter.write_char('\u{fffd}')?,
                other if other.is_control() => formatter.write_char('\u{fffd}')?,
                other => formatter.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        let hostile = "<script>alert('1')</script>&\"\u{0}\u{202e}x";
        let text = Escaped(hostile).to_string();
        assert_eq!(text, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;\u{fffd}\u{fffd}x");
    }
}
