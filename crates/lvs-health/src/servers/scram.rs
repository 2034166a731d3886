//! SCRAM-SHA-256 (RFC 5802, RFC 7677), the client's side.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// A login that has begun.
#[derive(Debug)]
pub(super) struct Scram {
    first: String,
    nonce: String,
    /// The server's proof that is expected at the end, once it is known.
    signature: Vec<u8>,
}

/// Why a login cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken(pub(super) &'static str);

impl Scram {
    /// A login with a number that an earlier one did not have. The server's number keeps strangers from using an answer
    /// again, so this one need not be a secret.
    pub(super) fn new(nonce: u32) -> Self {
        let seed = Sha256::digest(nonce.to_le_bytes());
        let nonce = BASE64.encode(seed.get(..18).unwrap_or_default());
        Self { first: format!("n=,r={nonce}"), nonce, signature: Vec::new() }
    }

    /// The first message, with the header that says that there is no channel binding.
    pub(super) fn first(&self) -> String {
        format!("n,,{}", self.first)
    }

    /// The answer to the server's first message.
    pub(super) fn last(&mut self, password: &str, server_first: &str) -> Result<String, Broken> {
        let field = |name: char| {
            let mut fields = server_first.split(',');
            fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
        };
        let nonce =
            field('r').filter(|nonce| nonce.starts_with(&self.nonce)).ok_or(Broken("foreign nonce"))?;
        let salt = field('s').and_then(|salt| BASE64.decode(salt).ok()).ok_or(Broken("no salt"))?;
        let rounds: u32 =
            field('i').and_then(|rounds| rounds.parse().ok()).ok_or(Broken("no iteration count"))?;
        if rounds == 0 || rounds > MAX_ROUNDS {
            return Err(Broken("iteration count out of range"));
        }
        let mut salted = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), &salt, rounds, &mut salted);
        let unsigned = format!("c=biws,r={nonce}");
        let message = format!("{},{server_first},{unsigned}", self.first);
        let key = keyed(&salted, b"Client Key");
        let proof = keyed(&Sha256::digest(&key), message.as_bytes());
        let proof: Vec<u8> = key.iter().zip(&proof).map(|(left, right)| left ^ right).collect();
        self.signature = keyed(&keyed(&salted, b"Server Key"), message.as_bytes());
        Ok(format!("{unsigned},p={}", BASE64.encode(proof)))
    }

    /// Whether the server proved that it knows the password, too.
    pub(super) fn is_proven(&self, server_last: &str) -> bool {
        let signature = server_last.strip_prefix("v=").and_then(|text| BASE64.decode(text).ok());
        !self.signature.is_empty() && signature.is_some_and(|signature| signature == self.signature)
    }
}

fn keyed(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    hmac.update(message);
    hmac.finalize().into_bytes().to_vec()
}

/// Most rounds that a server may make us compute: five times PostgreSQL's usual count, some milliseconds.
const MAX_ROUNDS: u32 = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7677_comes_out() {
        let nonce = "rOprNGfwEbeRWgbNEkqO".to_owned();
        let mut scram = Scram { first: format!("n=user,r={nonce}"), nonce, signature: Vec::new() };
        let server = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let last = scram.last("pencil", server);
        let expected = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(last.as_deref(), Ok(expected));
        assert!(scram.is_proven("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert!(!scram.is_proven("v=AAAA"));
    }

    #[test]
    fn impossible_messages_of_a_server_are_refused() {
        for (text, why) in [
            ("r=foreign,s=AAAA,i=4096", "foreign nonce"),
            ("", "foreign nonce"),
            ("r=MINE1,i=4096", "no salt"),
            ("r=MINE1,s=AAAA", "no iteration count"),
            ("r=MINE1,s=AAAA,i=0", "iteration count out of range"),
            ("r=MINE1,s=AAAA,i=4000000000", "iteration count out of range"),
        ] {
            let mut scram = Scram::new(7);
            let text = text.replace("MINE", &scram.nonce);
            assert_eq!(scram.last("x", &text), Err(Broken(why)), "{text}");
            assert!(!scram.is_proven("v="));
        }
    }
}
