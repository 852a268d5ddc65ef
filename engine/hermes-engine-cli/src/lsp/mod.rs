//! The language server: what `check` says, while a file is written.
//!
//! One thread reads a message, answers it and reads the next; a file of a few kilobytes is judged in a millisecond or two.
//! What a reader would get wrong: while a person writes, the text is broken most of the time. So what stands at the cursor
//! is found by [`cursor`] in any text, and what names mean comes from the last text that could be read.

mod complete;
mod cursor;
mod definition;
mod document;
mod finding;
mod hover;
mod meaning;
mod name;
mod path;
mod place;
mod room;
mod schema;
mod scope;
mod spot;
mod vocabulary;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use lsp_server::{Connection, Message, Notification, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, LogMessage, Notification as _,
    PublishDiagnostics,
};
use lsp_types::request::{CodeActionRequest, Completion, GotoDefinition, HoverRequest, Request as _};
use lsp_types::{
    CodeActionParams, CodeActionProviderCapability, CompletionOptions, CompletionParams, CompletionResponse,
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, GotoDefinitionParams,
    GotoDefinitionResponse, HoverParams, HoverProviderCapability, LogMessageParams, MessageType, OneOf,
    PublishDiagnosticsParams, ServerCapabilities, TextDocumentPositionParams, TextDocumentSyncCapability,
    TextDocumentSyncKind, Uri,
};
use serde::Serialize;
use serde_json::Value;

use self::document::Document;
use crate::context::Context;

/// Why the server ended before it was told to.
pub(crate) type Broken = Box<dyn std::error::Error + Send + Sync>;

/// Serves one editor on stdin and stdout until it says goodbye.
///
/// # Errors
/// The editor breaks the protocol, or goes away without a word.
pub(crate) fn serve(context: &Context) -> Result<(), Broken> {
    let (connection, threads) = Connection::stdio();
    connection.initialize(serde_json::to_value(capabilities())?)?;
    let mut server = Server { context, connection: &connection, documents: BTreeMap::new() };
    server.run()?;
    drop(connection);
    threads.join()?;
    Ok(())
}

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(["{", ".", "\"", "'"].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        ..ServerCapabilities::default()
    }
}

/// What an editor tells.
enum Noted {
    /// A file's text as it is now.
    Text(Uri, String),
    /// A file is closed.
    Closed(Uri),
    /// Nothing of interest here.
    Nothing,
}

/// What a notification says.
fn note(method: &str, params: Value) -> Result<Noted, serde_json::Error> {
    Ok(match method {
        DidOpenTextDocument::METHOD => {
            let open: DidOpenTextDocumentParams = serde_json::from_value(params)?;
            Noted::Text(open.text_document.uri, open.text_document.text)
        }
        DidChangeTextDocument::METHOD => {
            let mut change: DidChangeTextDocumentParams = serde_json::from_value(params)?;
            let whole = change.content_changes.pop();
            whole.map_or(Noted::Nothing, |whole| Noted::Text(change.text_document.uri, whole.text))
        }
        DidCloseTextDocument::METHOD => {
            let close: DidCloseTextDocumentParams = serde_json::from_value(params)?;
            Noted::Closed(close.text_document.uri)
        }
        _ => Noted::Nothing,
    })
}

/// What is open in the editor.
struct Server<'a> {
    context: &'a Context,
    connection: &'a Connection,
    documents: BTreeMap<PathBuf, Document>,
}

impl Server<'_> {
    fn run(&mut self) -> Result<(), Broken> {
        while let Ok(message) = self.connection.receiver.recv() {
            match message {
                Message::Request(request) => {
                    if self.connection.handle_shutdown(&request)? {
                        return Ok(());
                    }
                    let response = self.answer(request);
                    self.connection.sender.send(Message::Response(response))?;
                }
                Message::Notification(notification) => self.hear(notification)?,
                Message::Response(_) => {}
            }
        }
        Ok(())
    }

    fn answer(&self, request: Request) -> Response {
        let id = request.id.clone();
        let answered = match request.method.as_str() {
            HoverRequest::METHOD => self.hover(request.params),
            Completion::METHOD => self.complete(request.params),
            GotoDefinition::METHOD => self.definition(request.params),
            CodeActionRequest::METHOD => self.actions(request.params),
            _ => {
                let code = lsp_server::ErrorCode::MethodNotFound as i32;
                return Response::new_err(id, code, format!("`{}` is not served", request.method));
            }
        };
        match answered {
            Ok(result) => Response::new_ok(id, result),
            Err(error) => {
                Response::new_err(id, lsp_server::ErrorCode::InvalidParams as i32, error.to_string())
            }
        }
    }

    /// Takes note of what the editor tells. One that can't be read is logged and passed over: it has no answer, and the
    /// other files that are open are no worse for it.
    fn hear(&mut self, notification: Notification) -> Result<(), Broken> {
        let Notification { method, params } = notification;
        match note(&method, params) {
            Ok(Noted::Text(uri, text)) => self.take(uri, text),
            Ok(Noted::Closed(uri)) => {
                place::path_of(&uri).and_then(|path| self.documents.remove(&path));
                self.publish(uri, Vec::new())
            }
            Ok(Noted::Nothing) => Ok(()),
            Err(error) => self.log(format!("`{method}` can't be read and is passed over: {error}")),
        }
    }

    /// Takes a file's new text, and judges all that is open: a flow changes what its providers are.
    fn take(&mut self, uri: Uri, text: String) -> Result<(), Broken> {
        let Some(path) = place::path_of(&uri) else { return Ok(()) };
        let previous = self.documents.remove(&path);
        let was_ours = previous.is_some();
        let Some(document) = Document::new(&path, uri.clone(), text, previous) else {
            // What was found in it while it was one of ours is nothing now.
            return if was_ours { self.publish(uri, Vec::new()) } else { Ok(()) };
        };
        self.documents.insert(path, document);
        let catalog = self.overlaid();
        for document in self.documents.values_mut() {
            document.judge(&catalog);
        }
        for document in self.documents.values() {
            self.publish(document.uri.clone(), finding::all(document))?;
        }
        Ok(())
    }

    /// The catalogue with what is open in the place of what is on disk.
    fn overlaid(&self) -> hermes_engine::catalog::Catalog {
        let mut catalog = self.context.catalog.clone();
        for document in self.documents.values() {
            catalog.overlay(document.path.clone(), document.text.clone());
        }
        catalog
    }

    fn log(&self, message: String) -> Result<(), Broken> {
        let params = LogMessageParams { typ: MessageType::WARNING, message };
        let notification = Notification::new(LogMessage::METHOD.to_owned(), params);
        Ok(self.connection.sender.send(Message::Notification(notification))?)
    }

    fn publish(&self, uri: Uri, diagnostics: Vec<lsp_types::Diagnostic>) -> Result<(), Broken> {
        let params = PublishDiagnosticsParams { uri, diagnostics, version: None };
        let notification = Notification::new(PublishDiagnostics::METHOD.to_owned(), params);
        Ok(self.connection.sender.send(Message::Notification(notification))?)
    }

    fn hover(&self, params: Value) -> Result<Value, serde_json::Error> {
        let params: HoverParams = serde_json::from_value(params)?;
        let at = self.at(&params.text_document_position_params);
        value(at.and_then(|(document, offset)| hover::hover(document, offset)))
    }

    fn complete(&self, params: Value) -> Result<Value, serde_json::Error> {
        let params: CompletionParams = serde_json::from_value(params)?;
        let at = self.at(&params.text_document_position);
        let items = at.map(|(document, offset)| complete::items(document, offset, &self.context.catalog));
        value(items.map(CompletionResponse::Array))
    }

    fn definition(&self, params: Value) -> Result<Value, serde_json::Error> {
        let params: GotoDefinitionParams = serde_json::from_value(params)?;
        let at = self.at(&params.text_document_position_params);
        let mut found = at.map(|(document, offset)| definition::find(document, offset)).unwrap_or_default();
        value(match found.len() {
            0 => None,
            1 => found.pop().map(GotoDefinitionResponse::Scalar),
            _ => Some(GotoDefinitionResponse::Array(found)),
        })
    }

    fn actions(&self, params: Value) -> Result<Value, serde_json::Error> {
        let params: CodeActionParams = serde_json::from_value(params)?;
        let path = place::path_of(&params.text_document.uri);
        let document = path.and_then(|path| self.documents.get(&path));
        value(document.map(|document| finding::actions(document, params.range)))
    }

    /// The document and the byte that a request is about.
    fn at(&self, params: &TextDocumentPositionParams) -> Option<(&Document, usize)> {
        let document = self.documents.get(&place::path_of(&params.text_document.uri)?)?;
        Some((document, place::offset(&document.text, params.position)))
    }
}

fn value(result: impl Serialize) -> Result<Value, serde_json::Error> {
    serde_json::to_value(result)
}
