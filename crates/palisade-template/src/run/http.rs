//! Blocks of web requests: redirects, cookies, several answers looked at together.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::answer::Variables;
use super::request::{build, target_of};
use super::{Carrier, HttpAnswer, HttpRequest, Run, base_variables, resolve};
use crate::expression::{Evaluation, Scope, Value};
use crate::template::{Ask, Block, HttpAsk, Template};

const COOKIES_MAX: usize = 50;

/// What is remembered from one request to the next.
#[derive(Debug, Default)]
pub(super) struct State {
    cookies: Vec<(String, String)>,
    /// Something was sent that may have changed what later requests see.
    wrote: bool,
    /// What this template has asked already; asking again means to look again.
    asked: BTreeSet<Vec<u8>>,
}

impl<C: Carrier> Run<'_, C> {
    pub(super) async fn http_block(&mut self, block: &Block, ask: &HttpAsk, payload: &Variables) -> bool {
        let together = block.operators.looks_at_several();
        let last = ask.requests.len() - 1;
        let mut numbered = Variables::new();
        let mut held = false;
        for (place, form) in ask.requests.iter().enumerate() {
            self.resolve();
            let request = {
                let Self { base, own, taken, history, evaluation, target, .. } = self;
                let scope = Scope::new([&*base, history, own, payload, taken]);
                build(form, &target.base_url(), evaluation, &scope)
            };
            // What lacks a value is not asked; the rest is.
            let Some(request) = request else { continue };
            let line = request.line();
            let chain = self.exchange(ask, request).await;
            let Some(answer) = chain.last() else {
                self.complete = false;
                continue;
            };
            let number = place + 1;
            numbered.extend(
                answer.variables.iter().map(|(name, value)| (format!("{name}_{number}"), value.clone())),
            );
            if together && place != last {
                self.extract(block, payload, &numbered, &answer.variables);
                continue;
            }
            for answer in chain.iter().rev() {
                let mut seen = answer.variables.clone();
                if let Some(most) = ask.body_bytes_max
                    && let Some(body) = seen.get("body").map(Value::bytes)
                    && body.len() > most
                {
                    seen.insert("body".to_owned(), Value::text(body.get(..most).unwrap_or_default()));
                }
                seen.extend(numbered.iter().map(|(name, value)| (name.clone(), value.clone())));
                seen.insert("request".to_owned(), line.as_str().into());
                if self.judge(block, payload, &seen, &format!("Request: {line}")) {
                    held = true;
                    break;
                }
            }
            if held && block.stop_at_first_match {
                break;
            }
        }
        held
    }

    fn extract(&mut self, block: &Block, payload: &Variables, numbered: &Variables, answer: &Variables) {
        let mut internal = Variables::new();
        let Self { base, own, taken, history, evaluation, .. } = self;
        let scope = Scope::new([&*base, history, own, payload, taken, numbered, answer]);
        block.operators.take_internal(evaluation, &scope, &mut internal);
        self.taken.extend(internal);
    }

    /// Sends a request and follows its redirects on the same server; every answer, in order.
    async fn exchange(&mut self, ask: &HttpAsk, request: HttpRequest) -> Vec<Arc<HttpAnswer>> {
        let mut answers = Vec::new();
        let mut next = Some(request);
        while let Some(mut request) = next.take() {
            if ask.cookies {
                self.add_cookies(&mut request);
            }
            request.shared = self.may_share(&request);
            let Some(answer) = self.carrier.http(&request).await else { break };
            if ask.cookies {
                self.http.keep(&answer);
            }
            if answers.len() < ask.redirects_max && (300..400).contains(&answer.status) {
                next = self.redirected(&request, &answer);
            }
            answers.push(answer);
        }
        answers
    }

    fn may_share(&mut self, request: &HttpRequest) -> bool {
        if !request.is_safe() {
            self.http.wrote = true;
            return false;
        }
        let is_new = self.http.asked.insert(request.to_bytes("", None));
        is_new && !self.http.wrote
    }

    fn add_cookies(&self, request: &mut HttpRequest) {
        if self.http.cookies.is_empty() || request.verbatim.is_some() {
            return;
        }
        let ours = self
            .http
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ");
        match request.headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("cookie")) {
            Some((_, value)) => *value = format!("{value}; {ours}"),
            None => request.headers.push(("Cookie".to_owned(), ours)),
        }
    }

    /// The request that a redirect asks for, if it stays on the server.
    fn redirected(&self, request: &HttpRequest, answer: &HttpAnswer) -> Option<HttpRequest> {
        let location = answer.location.as_deref()?.trim();
        let target = if location.contains("://") || location.starts_with("//") {
            let absolute = match location.strip_prefix("//") {
                Some(rest) => format!("{}://{rest}", self.target.scheme()),
                None => location.to_owned(),
            };
            let base = self.target.base_url();
            let usual = if self.target.tls { ":443" } else { ":80" };
            let with_port = format!("{base}{usual}");
            let path = absolute.strip_prefix(&with_port).or_else(|| absolute.strip_prefix(&base))?;
            if !path.is_empty() && !path.starts_with(['/', '?', '#']) {
                return None;
            }
            target_of(path, "")?
        } else if location.starts_with('/') {
            target_of(location, "")?
        } else {
            let path = request.target.split('?').next().unwrap_or_default();
            let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
            target_of(&format!("{directory}/{location}"), "")?
        };
        let keeps = matches!(answer.status, 307 | 308);
        Some(HttpRequest {
            method: if keeps { request.method.clone() } else { "GET".to_owned() },
            target,
            headers: request
                .headers
                .iter()
                .filter(|(name, _)| !name.eq_ignore_ascii_case("cookie"))
                .cloned()
                .collect(),
            body: if keeps { request.body.clone() } else { Vec::new() },
            ..HttpRequest::default()
        })
    }
}

impl State {
    fn keep(&mut self, answer: &HttpAnswer) {
        for (name, value) in &answer.cookies {
            self.cookies.retain(|(known, _)| known != name);
            if self.cookies.len() < COOKIES_MAX {
                self.cookies.push((name.clone(), value.clone()));
            }
        }
    }
}

/// See [`super::opening_requests`].
pub(super) fn openings(
    template: &Template,
    target: &super::Target,
    evaluation: &mut Evaluation<'_>,
) -> Vec<HttpRequest> {
    let base = base_variables(target, evaluation);
    let mut own = Variables::new();
    resolve(template, &[&base], &mut own, evaluation);
    let mut requests: Vec<HttpRequest> = Vec::new();
    for block in &template.blocks {
        let Ask::Http(ask) = &block.ask else { continue };
        for number in 0..block.payloads.count() {
            let payload = block.payloads.combination(number, evaluation, &Scope::new([&base, &own]));
            for form in &ask.requests {
                let scope = Scope::new([&base, &own, &payload]);
                let Some(request) = build(form, &target.base_url(), evaluation, &scope) else { continue };
                if !request.is_safe() {
                    // What comes after it may see something else.
                    return requests;
                }
                if !requests.contains(&request) {
                    requests.push(request);
                }
            }
        }
    }
    requests
}
