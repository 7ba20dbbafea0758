mod faults;
mod group_commit;
mod newer_schema;
mod outages;
mod schemas;
mod servers;
