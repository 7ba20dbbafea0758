mod engine;
mod hashes;
mod rules;
