//! MariaDB and MySQL, on their own, in RDS and in Aurora.

mod account;
mod accounts;
mod administrator;
mod alternating_users;
mod bounds;
mod catalogue;
mod differences;
mod dual_password;
mod errors;
mod grants;
mod idle_user;
mod lock;
mod logins;
mod names;
mod password;
mod quote;
mod reach;
mod replica;
mod revoker;
mod rotator;
mod secret;
mod server;
mod session;
mod sessions;
mod single_user;
mod superuser;
mod tls;
mod tokens;
mod users;

pub use crate::Strategy;
pub use bounds::Bounds;
pub use catalogue::{MARIADB, MYSQL};
pub use revoker::Seized;
pub use rotator::{Config, Hold, Mysql};
