//! What must stay secret: the signing key of the ledger, and the credentials drawn at the first start.

mod account;
mod chains;
mod cosigner;
mod ledger;
mod private;

pub(crate) use account::{Account, settle as settle_account};
pub(crate) use chains::chain_key;
pub(crate) use cosigner::{CosignerKey, settle as settle_cosigner};
pub(crate) use ledger::{find as find_signer, settle as settle_signer, verifier_of};

#[cfg(test)]
mod tests {
    use strongroom_bytes::config::BytesConfig;
    use strongroom_durable::watch::{Moment, Watch};
    use strongroom_kernel::ports::SystemRng;

    use super::*;
    use crate::{config::Config, folder::DataFolder};

    /// Every key and credential of the folder, found or made, each with the moment from which on it is in use.
    fn settle_all(folder: &DataFolder, now: impl Fn() -> Moment) -> Vec<(String, Moment)> {
        let config = Config::default();
        let signer = ledger::find(&config, folder).unwrap();
        let signer = signer.unwrap_or_else(|| ledger::make(&config, folder, &SystemRng).unwrap());
        let mut settled = vec![(signer.verifier().to_string(), now())];
        let mut bytes = BytesConfig::default();
        settle_account(&mut bytes, folder, &SystemRng).unwrap();
        let [password, secret] = [bytes.password, bytes.secret].map(Option::unwrap);
        settled.push((format!("{} {}", password.reveal(), secret.reveal()), now()));
        for role in ["witness", "mirror"] {
            let key = CosignerKey { role, name: None, file: None };
            let cosigner = settle_cosigner(&key, folder, &SystemRng).unwrap();
            settled.push((cosigner.to_private_text(), now()));
        }
        let chain = chain_key(&folder.keys().join("chain.key"), &SystemRng).unwrap();
        settled.push((format!("{chain:?}"), now()));
        settled
    }

    #[test]
    fn a_power_loss_leaves_each_key_whole_or_to_be_made_anew() {
        let parent = tempfile::tempdir().unwrap();
        let watch = Watch::begin(parent.path()).unwrap();
        let folder = DataFolder::open(&parent.path().join("data")).unwrap();
        let settled = settle_all(&folder, || watch.now());
        for (number, crash) in watch.history().crashes(8).enumerate() {
            let after = tempfile::tempdir().unwrap();
            crash.leave(after.path()).unwrap();
            let folder = DataFolder::open(&after.path().join("data")).unwrap();
            let used = settled.iter().take_while(|(_, since)| crash.is_after(*since)).count();
            // Those that were not in use yet are made now, which takes its time.
            if used < settled.len() && number % 5 > 0 {
                continue;
            }
            let again = settle_all(&folder, || watch.now());
            for (key, again) in settled.iter().zip(again).take(used) {
                assert!(key.0 == again.0, "{crash}: a key is lost");
            }
        }
    }
}
