//! Limits on the text of a document, which protect the recursive parser.

use async_graphql::ServerError;

use super::traversal::MAX_NESTING;

const MAX_TOKENS: usize = 5_000;

/// Rejects a document that has too many tokens, nests brackets too deeply, or contains an unterminated string. A string is
/// one token; comments and commas do not count.
///
/// Strings and comments must end where they end for the parser. Otherwise this function could miss brackets.
pub(super) fn check(query: &str) -> Result<(), ServerError> {
    let (mut depth, mut max_depth, mut tokens) = (0_usize, 0, 0);
    let mut rest = query.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        tokens += usize::from(!matches!(first, b' ' | b'\t' | b'\r' | b'\n' | b',' | b'#'));
        rest = match first {
            b'#' => skip_while(after, |byte| !matches!(byte, b'\r' | b'\n')),
            b'"' => after_string(after).ok_or_else(|| ServerError::new("Unterminated string.", None))?,
            b'{' | b'[' | b'(' => {
                depth += 1;
                max_depth = max_depth.max(depth);
                after
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                after
            }
            first if is_word_byte(*first) => skip_while(after, is_word_byte),
            _ => after,
        };
    }
    if max_depth > MAX_NESTING {
        return Err(ServerError::new("The request is nested too deeply.", None));
    }
    if tokens > MAX_TOKENS {
        let message = format!("The request is too long: at most {MAX_TOKENS} tokens are allowed.");
        return Err(ServerError::new(message, None));
    }
    Ok(())
}

fn skip_while(bytes: &[u8], condition: impl Fn(u8) -> bool) -> &[u8] {
    let end = bytes.iter().position(|byte| !condition(*byte));
    &bytes[end.unwrap_or(bytes.len())..]
}

/// Returns whether a byte may belong to a name, a number or the spread `...`. A run of such bytes counts as one token.
fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Returns what follows a string, given the bytes after its opening quotation mark. Returns `None` if the string is not
/// terminated.
fn after_string(bytes: &[u8]) -> Option<&[u8]> {
    if let Some(mut rest) = bytes.strip_prefix(b"\"\"") {
        // The only escape in a block string is `\"""`.
        loop {
            rest = match rest {
                [b'"', b'"', b'"', after @ ..] => return Some(after),
                [] => return None,
                [b'\\', b'"', b'"', b'"', after @ ..] | [_, after @ ..] => after,
            };
        }
    }
    let mut rest = bytes;
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Some(after),
            [] | [b'\r' | b'\n', ..] => return None,
            [b'\\', _, after @ ..] | [_, after @ ..] => after,
        };
    }
}
