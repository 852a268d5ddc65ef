//! F2, F7: a failure says what the server said, and what is no answer of the server's is no end.
