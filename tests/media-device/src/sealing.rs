//! The keys of a device, so that a test seals packets and reports as it likes: SRTP with AES-GCM (RFC 7714).

use std::sync::Arc;

use parking_lot::Mutex;
use str0m::crypto::{
    AeadAes128GcmCipher, AeadAes256GcmCipher, CryptoError, CryptoProvider, SrtpProvider,
    SupportedAeadAes128Gcm, SupportedAeadAes256Gcm, SupportedAes128CmSha1_80, from_feature_flags,
};

/// The length of the code of a packet.
const TAG: usize = 16;

/// A key for packets or reports, with the salt of its numbers.
#[derive(Clone, Debug)]
struct SealingKey {
    key: Vec<u8>,
    salt: [u8; 12],
}

/// The keys with which a device has sealed something.
#[derive(Clone, Debug, Default)]
pub struct SealingKeys(Arc<Mutex<[Option<SealingKey>; 2]>>);

impl SealingKeys {
    /// Returns the cryptography of a connection whose keys these become.
    pub fn provider(&self) -> Arc<CryptoProvider> {
        // The interface wants parts that live as long as the process: a test makes few.
        let observed: &'static Observed = Box::leak(Box::new(Observed(self.clone())));
        let mut provider = from_feature_flags();
        provider.srtp_provider = Box::leak(Box::new(ObservedProvider(observed)));
        Arc::new(provider)
    }

    fn observe(&self, key: &[u8], iv: &[u8; 12], associated: &[u8]) {
        let is_report = is_report(associated);
        let place = &mut self.0.lock()[usize::from(is_report)];
        if place.is_none() {
            let numbers = if is_report {
                let index = u32::from_be_bytes(associated[8..12].try_into().unwrap());
                report_numbers(stream_of_report(associated), index & 0x7fff_ffff)
            } else {
                packet_numbers(associated)
            };
            *place = Some(SealingKey {
                key: key.to_vec(),
                salt: combined(*iv, numbers),
            });
        }
    }

    /// Returns whether a report has been sealed, so that others can be.
    pub fn has_reports(&self) -> bool {
        self.0.lock()[1].is_some()
    }

    /// Seals a packet of the first 65,536 of its stream.
    pub fn seal_packet(&self, packet: &[u8]) -> Vec<u8> {
        let (header, payload) = packet.split_at(header_length(packet));
        let key = self.0.lock()[0].clone().unwrap();
        let iv = combined(key.salt, packet_numbers(header));
        [header, &seal(&key.key, iv, header, payload)].concat()
    }

    /// Seals a report as the one with a number.
    pub fn seal_report(&self, report: &[u8], number: u32) -> Vec<u8> {
        let (header, rest) = report.split_at(8);
        let key = self.0.lock()[1].clone().unwrap();
        let iv = combined(key.salt, report_numbers(stream_of_report(report), number));
        let number = (number | 0x8000_0000).to_be_bytes();
        let associated = [header, &number].concat();
        [header, &seal(&key.key, iv, &associated, rest), &number].concat()
    }
}

fn is_report(bytes: &[u8]) -> bool {
    (64..96).contains(&(bytes[1] & 0x7f))
}

fn stream_of_report(bytes: &[u8]) -> [u8; 4] {
    bytes[4..8].try_into().unwrap()
}

fn report_numbers(stream: [u8; 4], number: u32) -> [u8; 12] {
    let mut numbers = [0; 12];
    numbers[2..6].copy_from_slice(&stream);
    numbers[8..].copy_from_slice(&number.to_be_bytes());
    numbers
}

fn packet_numbers(header: &[u8]) -> [u8; 12] {
    let mut numbers = [0; 12];
    numbers[2..6].copy_from_slice(&header[8..12]);
    numbers[10..].copy_from_slice(&header[2..4]);
    numbers
}

fn combined(mut one: [u8; 12], other: [u8; 12]) -> [u8; 12] {
    for (one, other) in one.iter_mut().zip(other) {
        *one ^= other;
    }
    one
}

/// Returns the length of the header of a packet.
pub fn header_length(packet: &[u8]) -> usize {
    let length = 12 + 4 * usize::from(packet[0] & 0x0f);
    if packet[0] & 0x10 == 0 {
        return length;
    }
    let words = u16::from_be_bytes([packet[length + 2], packet[length + 3]]);
    length + 4 + 4 * usize::from(words)
}

fn seal(key: &[u8], iv: [u8; 12], associated: &[u8], input: &[u8]) -> Vec<u8> {
    let provider = from_feature_flags().srtp_provider;
    let mut output = vec![0; input.len() + TAG];
    if let Ok(key) = key.try_into() {
        let mut cipher = provider.aead_aes_128_gcm().create_cipher(key, true);
        cipher.encrypt(&iv, associated, input, &mut output).unwrap();
    } else {
        let key = key.try_into().unwrap();
        let mut cipher = provider.aead_aes_256_gcm().create_cipher(key, true);
        cipher.encrypt(&iv, associated, input, &mut output).unwrap();
    }
    output
}

#[derive(Debug)]
struct Observed(SealingKeys);

#[derive(Debug)]
struct ObservedProvider(&'static Observed);

impl SrtpProvider for ObservedProvider {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        from_feature_flags().srtp_provider.aes_128_cm_sha1_80()
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        self.0
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        self.0
    }

    fn srtp_aes_128_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        let provider = from_feature_flags().srtp_provider;
        provider.srtp_aes_128_ecb_round(key, input, output);
    }

    fn srtp_aes_256_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        let provider = from_feature_flags().srtp_provider;
        provider.srtp_aes_256_ecb_round(key, input, output);
    }
}

impl SupportedAeadAes128Gcm for Observed {
    fn create_cipher(&self, key: [u8; 16], encrypt: bool) -> Box<dyn AeadAes128GcmCipher> {
        let factory = from_feature_flags().srtp_provider.aead_aes_128_gcm();
        Box::new(ObservedCipher {
            cipher: factory.create_cipher(key, encrypt),
            key: key.to_vec(),
            keys: self.0.clone(),
        })
    }
}

impl SupportedAeadAes256Gcm for Observed {
    fn create_cipher(&self, key: [u8; 32], encrypt: bool) -> Box<dyn AeadAes256GcmCipher> {
        let factory = from_feature_flags().srtp_provider.aead_aes_256_gcm();
        Box::new(ObservedCipher {
            cipher: factory.create_cipher(key, encrypt),
            key: key.to_vec(),
            keys: self.0.clone(),
        })
    }
}

#[derive(Debug)]
struct ObservedCipher<C> {
    cipher: C,
    key: Vec<u8>,
    keys: SealingKeys,
}

impl AeadAes128GcmCipher for ObservedCipher<Box<dyn AeadAes128GcmCipher>> {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        associated: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.keys.observe(&self.key, iv, associated);
        self.cipher.encrypt(iv, associated, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        associated: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        self.cipher.decrypt(iv, associated, input, output)
    }
}

impl AeadAes256GcmCipher for ObservedCipher<Box<dyn AeadAes256GcmCipher>> {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        associated: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.keys.observe(&self.key, iv, associated);
        self.cipher.encrypt(iv, associated, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        associated: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        self.cipher.decrypt(iv, associated, input, output)
    }
}
