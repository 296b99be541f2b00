//! The contract of the store: the same tests on SQLite and on PostgreSQL, each with a fresh
//! database.
//!
//! A test is an async function that takes a [`Bench`]; [`both`] makes two tests of it.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test, and the panic says where")]

mod activity;
mod appliance;
mod asset_group;
mod auth_record;
mod bench;
mod business_unit;
mod custom_vulnerability;
mod database;
mod detection;
mod domain;
mod excluded_host;
mod feed;
mod host_port;
mod host_report;
mod intake;
mod limits;
mod listed;
mod mail;
mod map;
mod network;
mod option_profile;
mod pause;
mod policy;
mod report_job;
mod report_template;
mod restricted_ip;
mod scan;
mod scan_target;
mod scheduled_course;
mod scheduled_task;
mod search_list;
mod session;
mod slice;
mod subscription;
mod template_qid;
mod ticket;
mod user;
mod virtual_host;

/// Makes a test for each database out of each function.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                $crate::bench::on_sqlite(super::$name);
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                $crate::bench::on_postgres(super::$name);
            })+
        }
    };
}
pub(crate) use both;
