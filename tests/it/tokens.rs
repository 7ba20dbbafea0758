mod access;
mod action;
mod totp;
