mod django_dumps;
mod file;
