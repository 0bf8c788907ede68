//! The module of a vendor: a library that is loaded and started once in a process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};

use super::error::{Pkcs11Error, shown};

/// The modules that are loaded. PKCS#11 starts a module once for the whole process (`C_Initialize`), so
/// that two servers in one process have to share it. It stays loaded until the process ends.
static LOADED: Mutex<Vec<Arc<Library>>> = Mutex::new(Vec::new());

/// How long a thread waits for the calls of others before it stops the module, and how often it looks.
const WAIT_FOR_CALLS: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A loaded module.
#[derive(Debug)]
pub(super) struct Library {
    path: PathBuf,
    pkcs11: Pkcs11,
    /// How often it was started. Sessions of an earlier start are gone. Each call holds this lock, so
    /// that the module is not stopped meanwhile.
    start: RwLock<u64>,
}

/// The module during a call.
#[derive(Debug)]
pub(super) struct Running<'l> {
    pub(super) pkcs11: &'l Pkcs11,
    pub(super) start: u64,
    _guard: RwLockReadGuard<'l, u64>,
}

impl Library {
    /// Loads and starts a module, if that has not happened yet.
    pub(super) fn load(path: &Path) -> Result<Arc<Self>, Pkcs11Error> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = loaded.iter().find(|known| known.path == path) {
            return Ok(Arc::clone(known));
        }
        let failed =
            |error: &Error| Pkcs11Error::Module { path: path.to_owned(), why: shown(error) };
        let pkcs11 = Pkcs11::new(path).map_err(|error| failed(&error))?;
        start(&pkcs11).map_err(|error| failed(&error))?;
        let library = Arc::new(Self { path: path.to_owned(), pkcs11, start: RwLock::new(1) });
        loaded.push(Arc::clone(&library));
        Ok(library)
    }

    /// Keeps the module running during a call.
    pub(super) fn running(&self) -> Running<'_> {
        let guard = self.start.read().unwrap_or_else(PoisonError::into_inner);
        Running { pkcs11: &self.pkcs11, start: *guard, _guard: guard }
    }

    /// Stops and starts the module, so that it finds its tokens again. Nothing happens if it was
    /// started again since `seen`, or if a call goes on running: that one may hang.
    pub(super) fn restart(&self, seen: u64) -> Result<(), Pkcs11Error> {
        let Some(mut count) = self.stopped() else { return Ok(()) };
        if *count == seen {
            tracing::warn!(module = %self.path.display(), "the PKCS#11 module is started again");
            // It may have been stopped by somebody else, or be broken. Starting tells.
            let _ = self.pkcs11.clone().finalize();
            *count += 1;
            start(&self.pkcs11)?;
        }
        Ok(())
    }
}

impl Library {
    /// Waits until no call is running, for a short time.
    fn stopped(&self) -> Option<RwLockWriteGuard<'_, u64>> {
        let until = Instant::now() + WAIT_FOR_CALLS;
        loop {
            match self.start.try_write() {
                Ok(count) => return Some(count),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(LOOK_AGAIN),
                Err(TryLockError::WouldBlock) => return None,
            }
        }
    }
}

fn start(pkcs11: &Pkcs11) -> Result<(), Error> {
    match pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // The program that embeds the server uses the module, too.
        Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        started => started,
    }
}
