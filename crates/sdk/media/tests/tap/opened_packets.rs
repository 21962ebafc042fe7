//! The packets that connections of this process open: cryptography that keeps a copy of what it decrypts.

use std::sync::Mutex;

use str0m::crypto::{
    AeadAes128GcmCipher, AeadAes256GcmCipher, CryptoError, SrtpProvider, SupportedAeadAes128Gcm,
    SupportedAeadAes256Gcm, SupportedAes128CmSha1_80, from_feature_flags,
};

/// An opened packet of media.
#[derive(Clone)]
pub(crate) struct OpenedPacket {
    /// The header, with its extensions.
    pub(crate) header: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

static OPENED: Mutex<Vec<OpenedPacket>> = Mutex::new(Vec::new());

/// Lets all connections that are made from now on use it, unless they are given their own, and forgets what was kept.
pub(crate) fn install() {
    let mut provider = from_feature_flags();
    provider.srtp_provider = &Tap;
    provider.install_process_default();
    OPENED.lock().unwrap().clear();
}

/// Returns the packets that were opened, in order.
pub(crate) fn opened_packets() -> Vec<OpenedPacket> {
    OPENED.lock().unwrap().clone()
}

fn keep(associated: &[&[u8]], opened: &[u8]) {
    let header = associated.concat();
    let is_report = (64..96).contains(&(header[1] & 0x7f));
    if !is_report {
        OPENED.lock().unwrap().push(OpenedPacket {
            header,
            payload: opened.to_vec(),
        });
    }
}

#[derive(Debug)]
struct Tap;

impl SrtpProvider for Tap {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        from_feature_flags().srtp_provider.aes_128_cm_sha1_80()
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        &Self
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        &Self
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

impl SupportedAeadAes128Gcm for Tap {
    fn create_cipher(&self, key: [u8; 16], encrypt: bool) -> Box<dyn AeadAes128GcmCipher> {
        let factory = from_feature_flags().srtp_provider.aead_aes_128_gcm();
        Box::new(TappedCipher(factory.create_cipher(key, encrypt)))
    }
}

impl SupportedAeadAes256Gcm for Tap {
    fn create_cipher(&self, key: [u8; 32], encrypt: bool) -> Box<dyn AeadAes256GcmCipher> {
        let factory = from_feature_flags().srtp_provider.aead_aes_256_gcm();
        Box::new(TappedCipher(factory.create_cipher(key, encrypt)))
    }
}

#[derive(Debug)]
struct TappedCipher<C>(C);

impl AeadAes128GcmCipher for TappedCipher<Box<dyn AeadAes128GcmCipher>> {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        associated: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.0.encrypt(iv, associated, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        associated: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let length = self.0.decrypt(iv, associated, input, output)?;
        keep(associated, &output[..length]);
        Ok(length)
    }
}

impl AeadAes256GcmCipher for TappedCipher<Box<dyn AeadAes256GcmCipher>> {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        associated: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.0.encrypt(iv, associated, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        associated: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let length = self.0.decrypt(iv, associated, input, output)?;
        keep(associated, &output[..length]);
        Ok(length)
    }
}
