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
mod name;
mod path;
mod place;
mod schema;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use lsp_server::{Connection, Message, Notification, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Notification as _, PublishDiagnostics,
};
use lsp_types::request::{CodeActionRequest, Completion, GotoDefinition, HoverRequest, Request as _};
use lsp_types::{
    CodeActionParams, CodeActionProviderCapability, CompletionOptions, CompletionParams, CompletionResponse,
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, GotoDefinitionParams,
    GotoDefinitionResponse, HoverParams, HoverProviderCapability, OneOf, PublishDiagnosticsParams,
    ServerCapabilities, TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind, Uri,
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

    /// Takes note of what the editor tells. One that can't be read is passed over: there is nobody to answer.
    fn hear(&mut self, notification: Notification) -> Result<(), Broken> {
        let Notification { method, params } = notification;
        match method.as_str() {
            DidOpenTextDocument::METHOD => match serde_json::from_value(params) {
                Ok(DidOpenTextDocumentParams { text_document: open }) => self.take(open.uri, open.text),
                Err(_) => Ok(()),
            },
            DidChangeTextDocument::METHOD => {
                let change: Option<DidChangeTextDocumentParams> = serde_json::from_value(params).ok();
                let whole = change.and_then(|mut c| Some((c.text_document.uri, c.content_changes.pop()?)));
                whole.map_or(Ok(()), |(uri, whole)| self.take(uri, whole.text))
            }
            DidCloseTextDocument::METHOD => match serde_json::from_value(params) {
                Ok(DidCloseTextDocumentParams { text_document: closed }) => {
                    let path = place::path_of(&closed.uri);
                    path.and_then(|path| self.documents.remove(&path));
                    self.publish(closed.uri, Vec::new())
                }
                Err(_) => Ok(()),
            },
            _ => Ok(()),
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
        let found = at.and_then(|(document, offset)| definition::find(document, offset));
        value(found.map(GotoDefinitionResponse::Scalar))
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
