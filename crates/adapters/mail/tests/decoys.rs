//! The delay of a mail does not show whether an earlier one was sent or was a decoy.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    num::{NonZeroU16, NonZeroU32, NonZeroUsize},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use anteroom_mail::{
    Composer, Mail, MailError, MailQueue, MailQueueSettings, Mailer, SmtpEncryption, SmtpMailer,
    SmtpSettings,
};
use anteroom_protocol::Timestamp;
use anteroom_runtime::{Metrics, NoEvents};
use anteroom_testkit::{MockClock, SeededEntropy, SmtpServer, SmtpServerOptions};
use async_trait::async_trait;
use tokio::{sync::watch, time::Instant};

/// The time for which the mail server holds each mail.
const SLOW: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_secs(3_600);

/// Stops the clock of this thread's runtime until a test advances it: the clock does not advance by
/// itself while blocking work runs. The clock continues on drop.
struct StoppedClock(#[expect(dead_code, reason = "the work ends with it")] mpsc::Sender<()>);

impl StoppedClock {
    fn new() -> Self {
        tokio::time::pause();
        let (sender, receiver) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || receiver.recv());
        Self(sender)
    }
}

impl Drop for StoppedClock {
    fn drop(&mut self) {
        tokio::time::resume();
    }
}

/// A mailer that records the time of each attempt.
struct Log<M> {
    mailer: M,
    start: Instant,
    tries: Mutex<Vec<(Duration, String)>>,
    finished: watch::Sender<usize>,
}

impl<M> Log<M> {
    fn new(mailer: M) -> Arc<Self> {
        Arc::new(Self {
            mailer,
            start: Instant::now(),
            tries: Mutex::default(),
            finished: watch::Sender::default(),
        })
    }

    async fn wait_for_finished(&self, count: usize) {
        let mut finished = self.finished.subscribe();
        finished.wait_for(|all| *all >= count).await.unwrap();
    }

    /// Returns the attempts of the attacker's mails.
    fn of_attacker(&self) -> Vec<(Duration, String)> {
        let tries = self.tries.lock().unwrap();
        let seen = tries.iter().filter(|(_, to)| to.starts_with("attacker"));
        seen.cloned().collect()
    }
}

#[async_trait]
impl<M: Mailer> Mailer for Log<M> {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let attempt = (self.start.elapsed(), mail.to().to_owned());
        self.tries.lock().unwrap().push(attempt);
        let outcome = self.mailer.send(mail).await;
        self.finished.send_modify(|finished| *finished += 1);
        outcome
    }
}

fn queue(mailer: Arc<dyn Mailer>, capacity: usize) -> MailQueue {
    let settings = MailQueueSettings {
        capacity: capacity.try_into().unwrap(),
        at_once: NonZeroUsize::new(4).unwrap(),
        attempts: NonZeroU32::new(3).unwrap(),
        ..MailQueueSettings::default()
    };
    let clock = Arc::new(MockClock::at(Timestamp::from_secs(1_700_000_000)));
    let metrics = Metrics::new(Arc::new(NoEvents), clock);
    MailQueue::start(mailer, settings, Arc::new(SeededEntropy::new(2)), &metrics)
}

fn mail_to(to: &str) -> Mail {
    Mail::new(to, "Hello", "the text").unwrap()
}

/// Sends a mail for an address with an account, and a decoy for one without.
fn send_if_known(queue: &MailQueue, is_known: bool) {
    if is_known {
        queue.send(mail_to("watched@example.org"));
    } else {
        queue.send_decoy("example.org");
    }
}

fn smtp(server: &SmtpServer) -> SmtpMailer {
    let clock = Arc::new(MockClock::at(Timestamp::from_secs(1_700_000_000)));
    let entropy = Arc::new(SeededEntropy::new(1));
    let settings = SmtpSettings {
        host: "localhost".to_owned(),
        port: NonZeroU16::new(server.port()),
        encryption: SmtpEncryption::StartTls,
        login: None,
        extra_roots: Some(server.certificate().certificate_pem().into_bytes()),
        timeout: LONG,
    };
    let composer = Composer::new("a@example.org".parse().unwrap(), clock, entropy);
    SmtpMailer::new(settings, composer).unwrap()
}

/// Returns the times of the attempts for the attacker's mails, at a server that takes 10 s for
/// each.
async fn tries_at_a_slow_server(is_known: bool) -> Vec<(Duration, String)> {
    let server = SmtpServer::start(SmtpServerOptions {
        start_tls: true,
        ..SmtpServerOptions::default()
    })
    .await;
    let _clock = StoppedClock::new();
    let log = Log::new(smtp(&server));
    let queue = queue(Arc::clone(&log) as Arc<dyn Mailer>, 100);
    let mut finished = 0;
    let mut serve = async |mails: usize| {
        server.wait_for_held(mails).await;
        // A timer ends within a millisecond after its time.
        let time = SLOW + Duration::from_millis(2 * u64::from(finished > 0));
        tokio::time::advance(time).await;
        finished += mails;
        server.release(mails);
        log.wait_for_finished(finished).await;
    };
    server.hold();
    queue.send(mail_to("earlier@example.org"));
    serve(1).await;

    send_if_known(&queue, is_known);
    for number in 0..9 {
        queue.send(mail_to(&format!("attacker+{number}@example.org")));
    }
    serve(3 + usize::from(is_known)).await;
    serve(4).await;
    serve(2).await;
    queue.close(LONG).await;
    assert_eq!(server.mails().len(), 10 + usize::from(is_known));
    assert_eq!(queue.dropped(), 0);
    log.of_attacker()
}

#[tokio::test]
async fn at_a_slow_server_the_order_and_the_places_of_mails_do_not_tell_whether_an_earlier_was_sent()
 {
    let known = tries_at_a_slow_server(true).await;
    assert_eq!(known, tries_at_a_slow_server(false).await);
    let seconds: Vec<_> = known.iter().map(|(after, _)| after.as_secs()).collect();
    assert_eq!(seconds, [10, 10, 10, 20, 20, 20, 20, 30, 30]);
}

/// Returns the time of the attempt for a mail that a stranger watches, after the stranger's own
/// mails, which took 6 s each, to addresses of these domains. Mails to the ordinary domain take 50
/// ms.
async fn try_after_slow_mails(is_known: bool, domains: &[&str], is_met: bool) -> Duration {
    let ordinary = Duration::from_millis(50);
    let server = SmtpServer::start(SmtpServerOptions {
        start_tls: true,
        ..SmtpServerOptions::default()
    })
    .await;
    let _clock = StoppedClock::new();
    let log = Log::new(smtp(&server));
    let queue = queue(Arc::clone(&log) as Arc<dyn Mailer>, 100);
    server.hold();
    let mut finished = 0;
    let mut serve = async |mails: usize, time: Duration| {
        server.wait_for_held(mails).await;
        tokio::time::advance(time).await;
        finished += mails;
        server.release(mails);
        log.wait_for_finished(finished).await;
    };
    if is_met {
        queue.send(mail_to("earlier@example.org"));
        serve(1, ordinary).await;
    }
    queue.send(mail_to("earlier@example.net"));
    serve(1, ordinary).await;
    for round in 0..16 {
        for (number, domain) in domains.iter().cycle().take(4).enumerate() {
            queue.send(mail_to(&format!("own+{round}+{number}@{domain}")));
        }
        serve(4, Duration::from_secs(6)).await;
    }
    let start = log.start.elapsed();
    send_if_known(&queue, is_known);
    server.wait_for_held(usize::from(is_known)).await;
    for number in 0..4 {
        queue.send(mail_to(&format!("attacker+{number}@slow.example")));
    }
    server.wait_for_held(3 + usize::from(is_known)).await;
    // A timer ends within a millisecond after its time.
    tokio::time::advance(ordinary + Duration::from_millis(2)).await;
    if is_known {
        server.release(1);
        log.wait_for_finished(finished + 1).await;
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    // A decoy that takes longer ends now.
    tokio::time::advance(SLOW).await;
    server.wait_for_held(4).await;
    let (last, _) = log.of_attacker().pop().unwrap();
    last - start
}

#[tokio::test]
async fn mails_to_slow_domains_do_not_shape_the_decoys_of_others() {
    let one = ["slow.example"];
    let many = ["a.slow.example", "b.slow.example", "c.slow.example"];
    for domains in [&one[..], &many] {
        for is_met in [true, false] {
            let known = try_after_slow_mails(true, domains, is_met).await;
            let unknown = try_after_slow_mails(false, domains, is_met).await;
            assert_eq!(known, unknown, "{domains:?} {is_met}");
            assert_eq!(known, Duration::from_millis(52));
        }
    }
}

/// A server that refuses each mail for now, after a second.
struct RefusingMailer;

#[async_trait]
impl Mailer for RefusingMailer {
    async fn send(&self, _mail: &Mail) -> Result<(), MailError> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Err(MailError::Deferred(450))
    }
}

#[tokio::test(start_paused = true)]
async fn while_mails_are_deferred_and_lost_for_want_of_room_a_decoy_is_too() {
    for capacity in [4, 6, 8, 100] {
        let mut seen = Vec::new();
        for is_known in [true, false] {
            let log = Log::new(RefusingMailer);
            let queue = queue(Arc::clone(&log) as Arc<dyn Mailer>, capacity);
            queue.send(mail_to("earlier@example.org"));
            log.wait_for_finished(1).await;
            tokio::time::sleep(LONG).await;
            send_if_known(&queue, is_known);
            for number in 0..7 {
                queue.send(mail_to(&format!("attacker+{number}@example.org")));
            }
            tokio::time::sleep(LONG).await;
            seen.push(log.of_attacker());
        }
        assert_eq!(seen[0], seen[1], "{capacity}");
        assert!(!seen[0].is_empty());
    }
}

/// A server that never answers.
struct UnresponsiveMailer;

#[async_trait]
impl Mailer for UnresponsiveMailer {
    async fn send(&self, _mail: &Mail) -> Result<(), MailError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_no_decoy_and_counts_none() {
    let queue = queue(Arc::new(UnresponsiveMailer), 2);
    for _ in 0..10 {
        queue.send_decoy("example.org");
    }
    queue.close(Duration::ZERO).await;
    queue.send_decoy("example.org");
    assert_eq!(queue.dropped(), 0);
}
