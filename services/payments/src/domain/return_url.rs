//! Where a browser may be sent back to.

/// On the same machine pages need no encryption.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Whether a browser may be sent there: `https://`, or `http://` to the machine it runs on. No name and password in it.
#[must_use]
pub fn is_return_url(url: &str) -> bool {
    let host = |rest: &str| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) || url.contains(['\\', '"', '<', '>']) {
        return false;
    }
    if let Some(rest) = url.strip_prefix("https://") {
        let host = host(rest);
        return !host.is_empty() && !host.starts_with(':') && !host.contains('@');
    }
    url.strip_prefix("http://").is_some_and(|rest| {
        let host = host(rest);
        LOOPBACK.iter().any(|known| {
            let port = host.strip_prefix(known);
            port.is_some_and(|port| port.is_empty() || is_port(port))
        })
    })
}

fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':').unwrap_or_default();
    digits.parse::<u16>().is_ok() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r30_browsers_are_sent_to_https_or_to_their_own_machine() {
        for good in [
            "https://office.example/settings",
            "https://office.example:8443/a?b=c#d",
            "http://127.0.0.1:5173/settings",
            "http://localhost",
            "http://[::1]:80/",
        ] {
            assert!(is_return_url(good), "{good}");
        }
        for bad in [
            "",
            "office.example",
            "https://",
            "https://:80",
            "https:///path",
            "http://office.example",
            "http://127.0.0.1.example",
            "http://127.0.0.1@office.example",
            "http://localhost:port",
            "http://localhost:99999",
            "https://name:word@office.example",
            "javascript:alert(1)",
            "https://office.example/ a",
            "https://office.example\r\nx: y",
            "https://office.example\\@elsewhere",
            "ftp://office.example",
        ] {
            assert!(!is_return_url(bad), "{bad}");
        }
    }
}
