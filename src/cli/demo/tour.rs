//! The tour: its steps, in which order, and what is said at each.

use std::hint::black_box;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use super::ca::DemoCa;
use super::daemon::Daemon;
use super::fallback::Fallback;
use super::in_c::InC;
use super::over_network::OverNetwork;
use super::steps::{build, describe, microseconds, only_certificate};
use super::verify_api::VerifyApi;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{count, grouped, print_json, size};
use crate::cli::runtime;
use crate::pki::Certificate;
use crate::policy::{self, Policy};
use crate::publish::{IndexFolder, IndexReader};
use crate::types::{Serial, UnixTime, Verdict, to_hex};

/// How many certificates the demonstration's CA has revoked.
const REVOKED: u64 = 5_000;

/// The serial of a certificate that is never revoked.
const SPARE: u64 = 9;

/// How many questions the demonstration times at most, and for how long.
const TIMED_QUESTIONS: u32 = 1_000_000;
const TIMED: Duration = Duration::from_secs(1);

/// A tour for newcomers: make a small CA, revoke certificates, build an index, serve, ask
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache demo
  revocache demo --dir demo-files      (keeps the CA, the CRLs and the index to play with)
  revocache demo --json --no-stay

At its end the server stays up, to be asked, until Ctrl-C, if stdout is a terminal; otherwise the tour ends by itself.")]
pub(in crate::cli) struct Demo {
    /// Where to leave the files; without it they are removed at the end
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Keep the server up at the end, until it is interrupted
    #[arg(long, overrides_with = "no_stay")]
    stay: bool,
    /// End when everything is shown
    #[arg(long, overrides_with = "stay")]
    no_stay: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What the tour measured, for `--json`.
#[derive(Debug, Serialize)]
struct Summary {
    revoked: u64,
    build_ms: u64,
    index_bytes: u64,
    good: &'static str,
    revoked_answer: &'static str,
    foreign: &'static str,
    nanoseconds_per_question: u64,
    emergency_microseconds: u64,
    fallback: Fallback,
    over_network: OverNetwork,
    in_c: InC,
    verify_api: VerifyApi,
}

impl Demo {
    pub(in crate::cli) fn run(&self) -> Result<Exit, CliError> {
        let temporary = tempfile::tempdir()?;
        let place = self.dir.as_deref().unwrap_or(temporary.path());
        std::fs::create_dir_all(place)?;
        let (summary, mut daemon) = self.tour(place)?;
        if self.json {
            print_json(&summary)?;
        } else {
            self.say_where(place);
        }
        let stays = self.stay || (!self.no_stay && !self.json && std::io::stdout().is_terminal());
        if stays {
            let revocache = std::env::args().next().unwrap_or_else(|| "revocache".to_owned());
            self.say(&format!(
                "\nThe server stays up until Ctrl-C. Elsewhere:\n  {revocache} check --server {} --fingerprint {} --cert \
                 {place}/revoked.pem\n  curl http://{}/metrics",
                daemon.quic,
                to_hex(&daemon.fingerprint),
                daemon.http,
                place = place.display()
            ));
            runtime::new()?.block_on(daemon.stay())?;
        }
        Ok(Exit::Good)
    }

    fn say_where(&self, place: &Path) {
        match &self.dir {
            Some(_) => self.say(&format!(
                "\nThe files are in {0}. Go on with\n  revocache inspect --index {0}/index\n  \
                 revocache check --index {0}/index --cert {0}/revoked.pem",
                place.display()
            )),
            None => self
                .say("\nEverything is temporary; `revocache demo --dir demo-files` leaves it to play with."),
        }
    }

    fn tour(&self, place: &Path) -> Result<(Summary, Daemon), CliError> {
        self.say("A tour of revocache: is this certificate revoked, since when, why, and who says so?\n");
        let mut ca = DemoCa::new("Demo CA")?;
        let path = |name: &str| place.join(name);
        let write = |name: &str, content: &[u8]| {
            std::fs::write(path(name), content).map_err(|error| CliError::data(path(name), error))
        };

        let good = ca.issue("good.example", 1)?;
        let revoked = ca.issue("revoked.example", 2)?;
        let foreign = DemoCa::new("Demo CA")?.issue("foreign.example", 1)?;
        // One that stays good, for whoever plays with the files afterwards.
        let spare = ca.issue("spare.example", SPARE)?;
        for (name, pem) in [
            ("ca.pem", ca.certificate_pem()),
            ("good.pem", &good),
            ("revoked.pem", &revoked),
            ("spare.pem", &spare),
        ] {
            write(name, pem.as_bytes())?;
        }
        write("foreign.pem", foreign.as_bytes())?;
        ca.revoke(2);
        ca.revoke_others(REVOKED - 1);
        let crl = ca.crl()?;
        write("list.crl", &crl)?;
        self.say(&format!(
            "1. A certification authority has revoked {} and signed a list of them (CRL, {}).",
            count(REVOKED, "certificate", "certificates"),
            size(u64::try_from(crl.len()).unwrap_or(u64::MAX))
        ));

        let folder = IndexFolder::new(path("index"));
        let report = build(&folder, &path("ca.pem"), Some(&path("list.crl")))?;
        self.say(&format!(
            "2. revocache verified the list's signature once and compiled it into a bitmap index of {} in {} ms.\n   \
             Any number of processes map that one file and share its memory.",
            size(report.bytes),
            report.elapsed_ms
        ));

        self.say("3. Three questions to the index:");
        let reader = IndexReader::open(folder.clone())?;
        let ask = |pem: &str| -> Result<Verdict, CliError> {
            Ok(policy::check_certificate(
                &*reader.refreshed()?,
                &only_certificate(pem)?,
                None,
                UnixTime::now(),
                &Policy::default(),
            )?)
        };
        let answers = [ask(&good)?, ask(&revoked)?, ask(&foreign)?];
        for (name, answer) in ["good.pem", "revoked.pem", "foreign.pem"].iter().zip(&answers) {
            self.say(&format!("   {name:<12} {}", describe(answer)));
        }

        let (questions, nanoseconds) = time_questions(&reader, &path("ca.pem"), UnixTime::now())?;
        self.say(&format!(
            "4. {} more questions took {} ns each, in this process, without a lock or a system call.",
            grouped(u64::from(questions)),
            nanoseconds
        ));

        ca.revoke(1);
        write("list.crl", &ca.crl()?)?;
        let before = reader.current().generation();
        build(&folder, &path("ca.pem"), Some(&path("list.crl")))?;
        let published = Instant::now();
        let after = ask(&good)?;
        let delay = published.elapsed();
        self.say(&format!(
            "5. An emergency: good.example is revoked and a new list published. The reader that has been open all \
             along\n   moved from generation {before} to {} and answered {} µs after the publication:\n   {:<12} {}",
            after.generation,
            delay.as_micros(),
            "good.pem",
            describe(&after)
        ));
        let fallback = self.fallback(place, &folder)?;
        let daemon = Daemon::start(place)?;
        let over_network = self.over_network(&mut ca, place, &daemon)?;
        let in_c = self.in_c(place, folder.path(), &revoked)?;
        let verify_api = self.verify_api(place, &daemon)?;
        let [good, revoked, foreign] = answers;
        let summary = Summary {
            revoked: REVOKED,
            build_ms: report.elapsed_ms,
            index_bytes: report.bytes,
            good: good.status.name(),
            revoked_answer: revoked.status.name(),
            foreign: foreign.status.name(),
            nanoseconds_per_question: nanoseconds,
            emergency_microseconds: microseconds(delay),
            fallback,
            over_network,
            in_c,
            verify_api,
        };
        Ok((summary, daemon))
    }

    pub(super) fn say(&self, text: &str) {
        if !self.json {
            println!("{text}");
        }
    }
}

/// How many questions by authority and serial were asked, and the nanoseconds for each.
fn time_questions(reader: &IndexReader, issuer: &Path, now: UnixTime) -> Result<(u32, u64), CliError> {
    let issuer: Certificate = crate::cli::certificates::load_one(issuer)?;
    let index = reader.refreshed()?;
    let authority = policy::resolve_issuer(&index, &issuer);
    let serials: Vec<Serial> = (0..4096).map(|number| Serial::from_u64(number << 20)).collect();
    let (started, mut asked) = (Instant::now(), 0);
    while asked < TIMED_QUESTIONS && started.elapsed() < TIMED {
        for serial in &serials {
            let verdict =
                policy::check_serial(&index, authority, black_box(serial.as_ref()), now, &Policy::default())?;
            let _ = black_box(verdict);
            asked += 1;
        }
    }
    let each = started.elapsed().as_nanos() / u128::from(asked.max(1));
    Ok((asked, u64::try_from(each).unwrap_or(u64::MAX)))
}
