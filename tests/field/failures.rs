//! F2, F7: a failure says what the server said, and what is no answer of the server's is no end.

use serde_json::{Value, json};

use super::*;
use crate::support::service::Answer;

/// A failure of a login: where it comes, what is answered, and what the user reads.
struct Failure {
    path: &'static str,
    answer: Answer,
    code: i32,
    says: &'static str,
    advises: &'static str,
    error: &'static str,
}

fn failures() -> Vec<Failure> {
    let failure = |path, status, body: Value, code, says, advises, error| Failure {
        path,
        answer: Answer::Json(status, body),
        code,
        says,
        advises,
        error,
    };
    vec![
        failure(
            CODE,
            400,
            json!({ "error": "unauthorized_client", "error_description": "Device flow is disabled for this app" }),
            4,
            "Device flow is disabled for this app",
            "does not allow this client to log in this way",
            "unauthorized_client",
        ),
        failure(
            CODE,
            200,
            json!({ "error": "device_flow_disabled", "error_description": "Device Flow must be explicitly enabled" }),
            4,
            "Device Flow must be explicitly enabled",
            "does not allow this client to log in this way",
            "device_flow_disabled",
        ),
        failure(
            TOKEN,
            401,
            json!({ "error": "invalid_client", "error_description": "AADSTS7000218: The request body must contain a secret." }),
            4,
            "AADSTS7000218: The request body must contain a secret.",
            "the client id (or its secret) in this provider's file is not valid",
            "invalid_client",
        ),
        failure(
            TOKEN,
            403,
            json!({ "error": { "code": "plan_missing", "message": "This account has no plan." } }),
            4,
            "This account has no plan.",
            "resolve what the server reports, then start the login again",
            "plan_missing",
        ),
        failure(
            TOKEN,
            400,
            json!({ "error": "incorrect_device_code", "error_description": "The device_code provided is not valid." }),
            4,
            "The device_code provided is not valid.",
            "start the login again",
            "incorrect_device_code",
        ),
        Failure {
            answer: Answer::Raw {
                status: 400,
                headers: "Content-Type: application/x-www-form-urlencoded\r\n",
                body: "error=application_suspended&error_description=Your+application+has+been+suspended."
                    .to_owned(),
            },
            ..failure(
                CODE,
                0,
                Value::Null,
                4,
                "Your application has been suspended.",
                "resolve what",
                "application_suspended",
            )
        },
        Failure {
            answer: Answer::Raw {
                status: 401,
                headers: "WWW-Authenticate: Bearer error=\"invalid_client\", error_description=\"The client is disabled\"\r\n",
                body: String::new(),
            },
            ..failure(CODE, 0, Value::Null, 4, "The client is disabled", "the client id", "invalid_client")
        },
        failure(
            CODE,
            200,
            json!({ "code": 40013, "msg": "app id 7 is not known" }),
            4,
            "app id 7 is not known",
            "resolve what the server reports",
            "40013",
        ),
    ]
}

#[test]
fn f2_a_login_that_fails_says_what_the_server_said_and_what_to_do() {
    let runs = failures().into_iter().map(|failure| {
        std::thread::spawn(move || {
            let Failure { path, answer, code, says, advises, error } = failure;
            let (service, program) = acme(ACME);
            service.answers(path, [answer.clone(), answer]);
            let (ended, text) = log_in(&program);
            assert_eq!(ended, Some(code), "{error}: {text}");
            assert!(text.contains(says) && text.contains(advises), "{error}: {text}");
            let run = program.run(&["run-flow", "acme", "--no-browser", "--format", "json"]);
            let failed = run.error_json();
            assert_eq!(failed["error"]["server"]["error"], error, "{failed}");
            assert!(failed.to_string().contains(says), "{failed}");
        })
    });
    runs.collect::<Vec<_>>().into_iter().for_each(|run| run.join().expect("a failed login"));
}

#[test]
fn f2_a_renewal_that_fails_says_and_keeps_what_the_server_said() {
    let (service, program) = acme(ACME);
    program.store_login("acme", ("an-old-access-token", "an-old-refresh-token"), 1_600_000_000);
    let said = json!({
        "error": "invalid_grant", "error_description": "Token an-old-refresh-token has been expired or revoked.",
        "error_uri": "https://acme.example/why",
    });
    service.answers(TOKEN, [Answer::Json(400, said)]);
    let run = program.run(&["token", "acme"]).expect_code(3);
    assert!(run.stderr.contains("has been expired or revoked."), "{}", run.stderr);
    assert!(!run.stderr.contains("an-old-refresh-token"), "{}", run.stderr);
    let noted = &program.record("acme")["last_auth_error"];
    assert_eq!(noted["server"]["error"], "invalid_grant", "{noted}");
    assert!(noted.to_string().contains("https://acme.example/why"), "{noted}");
    let status = program.run_bare(&["auth", "status", "acme"]).stdout;
    assert!(status.contains("has been expired or revoked."), "{status}");
}

#[test]
fn f7_what_is_no_answer_of_the_service_ends_no_poll_and_is_told() {
    let (service, program) = acme(ACME);
    let challenge = Answer::page(403, "Content-Type: text/html\r\ncf-mitigated: challenge\r\n");
    let portal = Answer::page(200, "Content-Type: text/html\r\n");
    service.answers(TOKEN, [challenge, portal, Answer::Redirect("http://wifi.example/login".to_owned())]);
    let (code, text) = log_in(&program);
    assert_eq!(code, Some(0), "{text}");
    for told in [
        "a web page (HTTP 403, Cloudflare challenge)",
        "a web page (HTTP 200)",
        "a redirect to `wifi.example`",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert_eq!(service.book().wrong, Vec::<String>::new());
}

#[test]
fn f7_a_timeout_says_what_the_last_answer_was() {
    let (service, program) = acme(ACME);
    let code = json!({
        "device_code": "device-code-0", "user_code": "WDJB-1000", "verification_uri": "https://auth.acme.example/device",
        "expires_in": 4, "interval": 1,
    });
    service.answers(CODE, [Answer::Json(200, code)]);
    service.answers(TOKEN, std::iter::repeat_n(Answer::Json(503, json!({})), 9));
    let (code, text) = log_in(&program);
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains("the login was not approved in time: the last answer was HTTP 503"), "{text}");
}
