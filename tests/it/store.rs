mod faults;
mod group_commit;
mod newer_schema;
mod outages;
mod postgres;
mod schemas;
mod servers;
