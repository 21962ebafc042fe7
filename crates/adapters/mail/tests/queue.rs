//! The queue for a mail server, and the folder for mails.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    num::{NonZeroU16, NonZeroU32, NonZeroUsize},
    os::unix::fs::PermissionsExt as _,
    sync::Arc,
    time::Duration,
};

use anteroom_mail::{
    Composer, FileMailer, Mail, MailError, MailQueue, MailQueueSettings, Mailer, SmtpEncryption,
    SmtpMailer, SmtpSettings,
};
use anteroom_protocol::Timestamp;
use anteroom_runtime::{Dependency, Health, HealthRegistry, Metrics, Monitor, NoEvents};
use anteroom_testkit::{
    LogGuard, MockClock, SeededEntropy, SmtpServer, SmtpServerOptions, metrics_text,
};
use async_trait::async_trait;
use tokio::{
    sync::{Semaphore, SemaphorePermit, watch},
    time::Instant,
};

const PATIENCE: Duration = Duration::from_secs(60);

fn clock() -> Arc<MockClock> {
    Arc::new(MockClock::at(Timestamp::from_secs(1_700_000_000)))
}

fn composer() -> Composer {
    let entropy = Arc::new(SeededEntropy::new(1));
    Composer::new("a@example.org".parse().unwrap(), clock(), entropy)
}

fn metrics() -> Metrics {
    Metrics::new(Arc::new(NoEvents), clock())
}

fn quick() -> MailQueueSettings {
    MailQueueSettings {
        capacity: NonZeroUsize::new(3).unwrap(),
        at_once: NonZeroUsize::MIN,
        attempts: NonZeroU32::new(3).unwrap(),
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(2),
    }
}

fn start(mailer: Arc<dyn Mailer>, settings: MailQueueSettings, metrics: &Metrics) -> MailQueue {
    MailQueue::start(mailer, settings, Arc::new(SeededEntropy::new(2)), metrics)
}

fn mail(number: usize) -> Mail {
    Mail::new(
        "ann.watched@example.org",
        &format!("mail {number}"),
        "the text",
    )
    .unwrap()
}

fn mailer(server: &SmtpServer) -> Arc<SmtpMailer> {
    let settings = SmtpSettings {
        host: "localhost".to_owned(),
        port: NonZeroU16::new(server.port()),
        encryption: SmtpEncryption::StartTls,
        login: None,
        extra_roots: Some(server.certificate().certificate_pem().into_bytes()),
        timeout: PATIENCE,
    };
    Arc::new(SmtpMailer::new(settings, composer()).unwrap())
}

async fn server() -> SmtpServer {
    SmtpServer::start(SmtpServerOptions {
        start_tls: true,
        ..SmtpServerOptions::default()
    })
    .await
}

#[tokio::test]
async fn what_is_refused_for_now_is_tried_again_and_what_is_refused_for_good_is_not() {
    let guard = LogGuard::global();
    guard.watch_text("address", "ann.watched@example.org");
    let server = server().await;
    let queue = start(mailer(&server), quick(), &metrics());
    server.refuse(450, 2);
    queue.send(mail(1));
    assert_eq!(server.wait_for(1).await.len(), 1);
    assert_eq!(queue.dropped(), 0);

    server.refuse(450, 3);
    queue.send(mail(2));
    server.wait_for_attempts(6).await;
    server.refuse(550, 1);
    queue.send(mail(3));
    server.wait_for_attempts(7).await;
    queue.send(mail(4));
    let mails = server.wait_for(2).await;
    assert!(mails[1].text.contains("Subject: mail 4"));
    assert_eq!(queue.dropped(), 2, "one refused three times, one for good");
    queue.close(PATIENCE).await;
    assert_eq!(queue.check().await, Health::Ok);
    guard.assert_clean();
}

#[tokio::test]
async fn a_server_that_is_gone_shows_in_health_and_metrics_and_closing_does_not_wait_for_it() {
    let metrics = metrics();
    let queue = {
        let server = server().await;
        let slow = MailQueueSettings {
            first_pause: Duration::from_secs(3_600),
            ..quick()
        };
        Arc::new(start(mailer(&server), slow, &metrics))
    };
    let registry = HealthRegistry::new(vec![queue.clone() as Arc<dyn Dependency>]);
    let _monitor = Monitor::new(&registry, &metrics);
    queue.send(mail(1));
    while queue.check().await == Health::Ok {
        tokio::task::yield_now().await;
    }
    let shown = metrics_text(&metrics).await;
    let failing = r#"anteroom_dependency_failing{dependency="mail"} 1"#;
    assert!(shown.contains(failing), "{shown}");
    queue.close(PATIENCE).await;
    assert_eq!(queue.dropped(), 1);
    queue.send(mail(2));
    assert_eq!(queue.dropped(), 2, "nothing is taken after the end");
}

#[tokio::test]
async fn closing_sends_what_waits() {
    let server = server().await;
    let queue = start(mailer(&server), quick(), &metrics());
    for number in 0..3 {
        queue.send(mail(number));
    }
    queue.close(PATIENCE).await;
    assert_eq!(server.mails().len(), 3);
    assert_eq!(queue.dropped(), 0);
}

fn mail_to(to: &str) -> Mail {
    Mail::new(to, "Hello", "the text").unwrap()
}

#[tokio::test]
async fn deferred_mails_keep_no_other_mail_from_its_attempt() {
    let server = server().await;
    let settings = MailQueueSettings {
        capacity: NonZeroUsize::new(8).unwrap(),
        at_once: NonZeroUsize::new(4).unwrap(),
        first_pause: Duration::from_secs(3_600),
        longest_pause: Duration::from_secs(3_600),
        ..quick()
    };
    let queue = start(mailer(&server), settings, &metrics());
    server.refuse_domain(450, "slow.example");
    for number in 0..4 {
        queue.send(mail_to(&format!("{number}@slow.example")));
    }
    server.wait_for_attempts(4).await;
    queue.send(mail_to("ann@example.org"));
    assert_eq!(server.wait_for(1).await[0].to, ["ann@example.org"]);

    // The fifth deferred mail exceeds half of the queue, and the oldest one is dropped.
    queue.send(mail_to("4@slow.example"));
    server.wait_for_attempts(6).await;
    while queue.dropped() == 0 {
        tokio::task::yield_now().await;
    }
    server.accept_domain();
    queue.close(PATIENCE).await;
    assert_eq!((server.mails().len(), queue.dropped()), (5, 1));
}

/// A mailer that holds every mail until the test releases it.
struct BlockingMailer {
    entered: watch::Sender<usize>,
    gate: Semaphore,
}

#[async_trait]
impl Mailer for BlockingMailer {
    async fn send(&self, _mail: &Mail) -> Result<(), MailError> {
        self.entered.send_modify(|count| *count += 1);
        let turn = self.gate.acquire().await;
        turn.map(SemaphorePermit::forget)
            .map_err(|_| MailError::Unreachable)
    }
}

fn blocking_mailer() -> Arc<BlockingMailer> {
    Arc::new(BlockingMailer {
        entered: watch::Sender::default(),
        gate: Semaphore::new(0),
    })
}

#[tokio::test]
async fn a_full_queue_drops_the_newest_and_counts_them() {
    let blocking_mailer = blocking_mailer();
    let queue = start(
        Arc::clone(&blocking_mailer) as Arc<dyn Mailer>,
        quick(),
        &metrics(),
    );
    queue.send(mail(0));
    blocking_mailer
        .entered
        .subscribe()
        .wait_for(|count| *count == 1)
        .await
        .unwrap();
    // One mail is being sent, three wait, two are dropped.
    for number in 1..=5 {
        queue.send(mail(number));
    }
    assert_eq!(queue.dropped(), 2);
    blocking_mailer.gate.add_permits(4);
    queue.close(PATIENCE).await;
    assert_eq!(*blocking_mailer.entered.borrow(), 4);
    assert_eq!(queue.dropped(), 2);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_when_the_patience_does_and_counts_what_is_lost() {
    let blocking_mailer = blocking_mailer();
    let queue = start(
        Arc::clone(&blocking_mailer) as Arc<dyn Mailer>,
        quick(),
        &metrics(),
    );
    for number in 0..3 {
        queue.send(mail(number));
    }
    queue.close(Duration::from_secs(10)).await;
    assert_eq!(queue.dropped(), 3);
}

/// A mailer that panics for mails to `panic.example`.
struct PanickingMailer;

#[async_trait]
impl Mailer for PanickingMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let is_panic = mail.to().ends_with("@panic.example");
        assert!(!is_panic, "the mailer panics");
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_mail_over_which_a_mailer_panics_is_given_up_and_closing_does_not_wait_for_it() {
    let metrics = metrics();
    let queue = start(Arc::new(PanickingMailer), quick(), &metrics);
    let start = Instant::now();
    for to in ["ann@panic.example", "ann@example.org"] {
        queue.send(mail_to(to));
    }
    queue.close(PATIENCE).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(queue.dropped(), 1);
    let shown = metrics_text(&metrics).await;
    assert!(shown.contains("anteroom_mails_sent_total 1"), "{shown}");
}

#[tokio::test]
async fn a_folder_gets_each_mail_as_a_file_for_its_owner_alone() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("deep/mails");
    for _ in 0..2 {
        let mailer = FileMailer::new(folder.clone(), composer()).unwrap();
        mailer.send(&mail(1)).await.unwrap();
    }
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["1700000000-0.eml", "1700000000-1.eml"]);
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.clone()), 0o700);
    assert_eq!(mode(folder.join(&names[0])), 0o600);
    let text = fs::read_to_string(folder.join(&names[0])).unwrap();
    assert!(text.contains("To: ann.watched@example.org\r\n"));
    assert!(text.ends_with("\r\n\r\nthe text"), "{text}");

    let mailer = FileMailer::new(folder.clone(), composer()).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(mailer.send(&mail(1)).await, Err(MailError::Unwritable));
}
