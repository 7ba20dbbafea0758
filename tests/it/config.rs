mod example;
mod smtp_url;
