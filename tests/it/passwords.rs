mod hashes;
mod rules;
