mod faults;
mod newer_schema;
mod postgres;
