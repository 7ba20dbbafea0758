use std::process::ExitCode;

fn main() -> ExitCode {
    pledge4future_auth::cli::run()
}
