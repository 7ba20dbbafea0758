mod commands;
mod links;
