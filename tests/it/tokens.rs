mod access;
mod action;
