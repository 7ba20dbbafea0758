mod endpoint;
mod graphiql;
mod listener;
mod pages;
mod prefix;
mod tls;
