//! The findings that lowering makes: what keeps a file from being a provider at all.

use crate::diagnostic::Code;

/// HE006: an id, alias or name of a form that none may have.
pub static BAD_ID: Code = Code::error("HE006", "bad-id");

/// HE101: a state that the file does not have.
pub static UNKNOWN_STATE: Code = Code::error("HE101", "unknown-state");

/// HE105: none, or two, of keys of which exactly one is written; a key in a state of another form.
pub static NO_SINGLE_OUTCOME: Code = Code::error("HE105", "no-single-outcome");

/// HE114: a header of a name that none may have, or that the file does not write.
pub static BAD_HEADER: Code = Code::error("HE114", "bad-header");

/// HE201: a name that the file does not know, or not there.
pub static UNKNOWN_NAME: Code = Code::error("HE201", "unknown-name");

/// HE204: regions with different keys, or without a default.
pub static UNEVEN_REGIONS: Code = Code::error("HE204", "uneven-regions");

/// HE205: a default that its own input refuses.
pub static BAD_DEFAULT: Code = Code::error("HE205", "bad-default");

/// HE207: more than names and the three helpers in `{{…}}`.
pub static TEMPLATE_LOGIC: Code = Code::error("HE207", "template-logic");

/// HE208: a name that is given twice, or that the format has taken.
pub static NAME_TAKEN: Code = Code::error("HE208", "name-taken");

/// HE209: vars that are made from each other.
pub static CIRCULAR_VAR: Code = Code::error("HE209", "circular-var");

/// HE301: a text that is no JSONPath.
pub static BAD_JSONPATH: Code = Code::error("HE301", "bad-jsonpath");

/// HE302: a comparison with a path that can select several values.
pub static PLURAL_COMPARISON: Code = Code::error("HE302", "plural-comparison");

/// HE303: a filter that is meant as a condition.
pub static FILTER_AS_CONDITION: Code = Code::error("HE303", "filter-as-condition");

/// HE304: a condition that asks nothing.
pub static VACUOUS_CONDITION: Code = Code::error("HE304", "vacuous-condition");

/// HE403: a URL whose host is not the file's to say.
pub static OPEN_HOST: Code = Code::error("HE403", "open-host");

/// HE404: http to anything but a loopback literal.
pub static PLAIN_HTTP: Code = Code::error("HE404", "plain-http");

/// HE405: a listener that is not on loopback.
pub static WIDE_LISTENER: Code = Code::error("HE405", "wide-listener");

/// HE414: a user name, a password or a fragment in a URL.
pub static CREDENTIALS_IN_URL: Code = Code::error("HE414", "credentials-in-url");

/// HE501: a unit that the format does not have, or none where one is needed.
pub static UNKNOWN_UNIT: Code = Code::error("HE501", "unknown-unit");

/// HE503: a text that is no duration.
pub static BAD_DURATION: Code = Code::error("HE503", "bad-duration");

/// All of them.
pub static ALL: [&Code; 20] = [
    &BAD_ID,
    &UNKNOWN_STATE,
    &NO_SINGLE_OUTCOME,
    &BAD_HEADER,
    &UNKNOWN_NAME,
    &UNEVEN_REGIONS,
    &BAD_DEFAULT,
    &TEMPLATE_LOGIC,
    &NAME_TAKEN,
    &CIRCULAR_VAR,
    &BAD_JSONPATH,
    &PLURAL_COMPARISON,
    &FILTER_AS_CONDITION,
    &VACUOUS_CONDITION,
    &OPEN_HOST,
    &PLAIN_HTTP,
    &WIDE_LISTENER,
    &CREDENTIALS_IN_URL,
    &UNKNOWN_UNIT,
    &BAD_DURATION,
];
