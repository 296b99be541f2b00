//! What an expression reads: every field it selects and every text in it, and what it demands of a
//! port before anything else.

use std::collections::BTreeSet;

use cel::common::ast::operators::{LOGICAL_AND, LOGICAL_NOT};
use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};

/// What one check reads.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) words: BTreeSet<String>,
    pub(crate) host_fields: BTreeSet<String>,
    /// The host is handed on as a whole.
    pub(crate) whole_host: bool,
}

impl Read {
    pub(crate) fn expression(&mut self, expression: &IdedExpr) {
        match &expression.expr {
            Expr::Ident(name) => self.whole_host |= name == "host",
            Expr::Literal(LiteralValue::String(text)) => {
                self.words.insert(text.inner().to_owned());
            }
            Expr::Literal(_) | Expr::Unspecified => {}
            Expr::Select(select) => self.field(&select.operand, &select.field),
            Expr::Call(call) => {
                // `a.?b` is a call whose arguments are `a` and the text `b`.
                if let [operand, IdedExpr { expr: Expr::Literal(LiteralValue::String(field)), .. }] =
                    call.args.as_slice()
                {
                    self.field(operand, field.inner());
                } else {
                    call.args.iter().for_each(|argument| self.expression(argument));
                }
                if let Some(target) = &call.target {
                    self.expression(target);
                }
            }
            Expr::List(list) => list.elements.iter().for_each(|element| self.expression(element)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(structure) => structure.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Comprehension(comprehension) => {
                for part in [
                    &comprehension.iter_range,
                    &comprehension.accu_init,
                    &comprehension.loop_cond,
                    &comprehension.loop_step,
                    &comprehension.result,
                ] {
                    self.expression(part);
                }
            }
        }
    }

    fn entry(&mut self, entry: &EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.expression(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.expression(&entry.key);
                self.expression(&entry.value);
            }
        }
    }

    fn field(&mut self, operand: &IdedExpr, field: &str) {
        self.words.insert(field.to_owned());
        match &operand.expr {
            Expr::Ident(name) if name == "host" => {
                self.host_fields.insert(field.to_owned());
            }
            _ => self.expression(operand),
        }
    }
}

/// Whether an expression is true of no port that speaks TLS from the first byte on, because it says
/// so in front of everything it has to be as well: `!port.implicit_tls && ...`.
pub(crate) fn is_plain_only(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Call(call) if call.func_name == LOGICAL_AND => call.args.iter().any(is_plain_only),
        Expr::Call(call) if call.func_name == LOGICAL_NOT => match call.args.as_slice() {
            [IdedExpr { expr: Expr::Select(select), .. }] => {
                select.field == "implicit_tls"
                    && !select.test
                    && matches!(&select.operand.expr, Expr::Ident(name) if name == "port")
            }
            _ => false,
        },
        _ => false,
    }
}
