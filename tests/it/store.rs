mod faults;
mod newer_schema;
mod outages;
mod postgres;
mod schemas;
mod servers;
