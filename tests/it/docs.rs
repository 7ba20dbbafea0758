mod commands;
mod links;
mod second_factor;
