mod faults;
mod postgres;
