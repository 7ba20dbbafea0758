mod django;
mod django_dumps;
mod file;
