use super::*;

#[track_caller]
fn check(tests: &str, expect: &[&str]) {
    assert_eq!(findings(DEVICE, tests), expect);
}

#[test]
fn a_state_that_is_not_there_is_found_wherever_it_is_named() {
    check("[replies]\npol = {}", &["HE703 pol: there is no state `pol`; did you mean `poll`?"]);
    check(
        "[[test]]\nname = \"it\"\nfrom = \"devise\"\nreplies.nowhere = {}\nexpect = { end = \"error\", state = \"refrsh\" }\nsent.polls = {}",
        &[
            "HE703 \"devise\": there is no state `devise`; did you mean `device`?",
            "HE703 nowhere: there is no state `nowhere`; the provider has `device`, `poll`, `refresh`",
            "HE703 \"refrsh\": there is no state `refrsh`; did you mean `refresh`?",
            "HE703 polls: there is no state `polls`; did you mean `poll`?",
        ],
    );
}

#[test]
fn codes_fields_regions_and_inputs_are_known_or_found() {
    check(
        "[[test]]\nname = \"it\"\nregion = \"cn\"\ninputs.key = \"k\"\nexpect = { end = \"error\", code = \"authorization_dinied\", token = { keep = { acount = 1 } } }\nsent.device.form = { client = \"x\", secret = false }",
        &[
            "HE703 \"cn\": there is no region `cn`; the provider has `eu`, `us`",
            "HE703 key: there is no input `key`; the provider has no input: take it out",
            "HE703 \"authorization_dinied\": there is no code `authorization_dinied`; did you mean `authorization_denied`?",
            "HE703 acount: there is no kept value `acount`; did you mean `account`?",
            "HE703 client: there is no field of the form `client`; did you mean `client_id`?",
        ],
    );
}

#[test]
fn two_tests_of_one_name_are_found() {
    let test = "[[test]]\nname = \"it\"\nexpect.end = \"success\"\n";
    check(&test.repeat(2), &["HE703 \"it\": two tests are called `it`; call each by what it shows"]);
}

#[test]
fn the_engines_own_codes_are_known() {
    check("[[test]]\nname = \"it\"\nexpect = { end = \"error\", code = \"network\" }", &[]);
}

#[test]
fn a_reply_names_only_what_a_run_has() {
    let found = findings(DEVICE, "[replies]\ndevice = { json = { a = [\"{{nothing.here}}\"] } }");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("HE703") && found[0].contains("nothing.here"), "{found:?}");
}

#[test]
fn moments_durations_and_replies_of_two_kinds_are_judged() {
    let found = findings(
        DEVICE,
        "now = \"noon\"\n[replies]\npoll = { json = {}, text = \"\", delay = \"soon\" }\n[[test]]\nname = \"it\"\nexpect = { end = \"success\", waited = \"long\", token = { expires_in = \"1 hour\" } }",
    );
    let codes: Vec<&str> = found.iter().map(|line| &line[..5]).collect();
    assert_eq!(codes, ["HE005"; 5], "{found:?}");
}

#[test]
fn a_list_of_requests_has_no_count_beside_its_length() {
    check(
        "[[test]]\nname = \"it\"\nexpect.end = \"success\"\nsent.poll = [{ times = 2 }]",
        &["HE005 2: a list says by its length how many requests there are"],
    );
}

#[test]
fn a_file_that_is_no_test_file_has_findings_and_no_tests() {
    for text in ["[[test]]\nexpect = 1", "tests = []", "name =", "[[test]]\nname = \"it\""] {
        let (mut sources, provider) = provider(DEVICE);
        let (file, findings) = load(&mut sources, &super::text("t", Language::Toml, text), &provider);
        assert!(file.is_none() && !findings.is_empty(), "{text}: {findings:?}");
    }
}
