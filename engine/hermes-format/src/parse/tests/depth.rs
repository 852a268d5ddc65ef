//! YAML lines that are indented by too many blanks, or too few.

use super::*;

const FILE: &str = "\
name: x
states:
  ask:
    post: y
    form:
      a: b
      c: d
    on:
      - unless:
          status: 200
        fail: f
      - to: poll
  poll:
    get: z
    on:
      - to: ask
  end:
    get: z
api:
  mode: m
";

/// The file with one of its lines, counted from 1, indented by another number of blanks.
fn moved(number: usize, blanks: usize) -> String {
    let line = |(at, line): (usize, &str)| match at + 1 == number {
        true => format!("{}{}\n", " ".repeat(blanks), line.trim_start()),
        false => format!("{line}\n"),
    };
    FILE.lines().enumerate().map(line).collect()
}

/// The finding of a text, its line, and the text that its mend leads to.
fn found(text: &str) -> (usize, String, Option<String>) {
    let findings = parse(text, Language::Yaml, FileId(0)).expect_err(text);
    let [finding] = findings.as_slice() else { panic!("{text} gave {findings:#?}") };
    let line = text[..finding.primary.span.start as usize].matches('\n').count() + 1;
    let fixed = finding.fix.as_ref().map(|fix| {
        let mut fixed = text.to_owned();
        fixed.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
        fixed
    });
    (line, finding.help.clone().unwrap_or_default(), fixed)
}

#[test]
fn a_line_off_by_a_blank_is_told_with_the_line_that_it_belongs_beside() {
    for (number, blanks, help) in [
        (13, 3, "indent it by 2 blanks, as `ask` in line 3 is"),
        (13, 1, "indent it by 2 blanks, as `ask` in line 3 is"),
        (17, 3, "indent it by 2 blanks, as `ask` in line 3 is"),
        (5, 5, "indent it by 4 blanks, as `post` in line 4 is"),
        (5, 3, "indent it by 4 blanks, as `post` in line 4 is"),
        (4, 3, "indent it by 4 blanks, as `form` in line 5 is"),
        (7, 7, "indent it by 6 blanks, as `a` in line 6 is"),
        (11, 7, "indent it by 8 blanks, as `unless` in line 9 is"),
        (12, 5, "indent it by 6 blanks, as `unless` in line 9 is"),
        (12, 7, "indent it by 6 blanks, as `unless` in line 9 is"),
        (19, 1, "indent it by no blank, as `name` in line 1 is"),
    ] {
        let text = moved(number, blanks);
        assert_eq!(found(&text), (number, help.to_owned(), Some(FILE.to_owned())), "{text}");
    }
}

#[test]
fn a_state_at_the_left_margin_is_told_where_it_stands_and_not_at_the_next_one() {
    let text = moved(13, 0);
    let help = "indent it by 2 blanks, as `ask` in line 3 is";
    assert_eq!(found(&text), (13, help.to_owned(), Some(FILE.to_owned())));
}

#[test]
fn a_line_between_two_tables_may_belong_to_both_and_has_no_mend() {
    let (line, help, mended) = found(&moved(7, 5));
    assert_eq!((line, mended), (7, None));
    assert_eq!(help, "indent it by 6 blanks, as `a` in line 6 is, or by 4 blanks");
}

#[test]
fn what_is_no_key_has_no_depth() {
    let text = "a: |\n   x: y\n     z: y\nb: [\n       1,\n   c]\nd: \"x\n      e: f\n   g: h\"\ni:\n  j: 1\n   k: 2\n";
    let (line, help, _) = found(text);
    assert_eq!((line, help.as_str()), (12, "indent it by 2 blanks, as `j` in line 11 is"));
}
