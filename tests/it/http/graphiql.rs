mod browser;
mod bundle;
