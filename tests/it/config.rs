mod database;
mod environment;
mod example;
mod secrets;
mod smtp_url;
mod values;
