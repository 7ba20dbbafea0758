#![cfg(unix)]

mod debian;
mod install;
mod install_as_root;
mod uninstall;
