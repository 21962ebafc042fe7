use super::*;

#[test]
fn tags_and_dots_lead_to_one_mailbox() {
    for (typed, mailbox) in [
        ("ann@example.com", "ann@example.com"),
        ("Ann+1@example.com", "ann@example.com"),
        ("ann+1+2@example.com", "ann@example.com"),
        ("a.n.n+x.y@example.com", "ann@example.com"),
        ("+ann@example.com", "+ann@example.com"),
        ("ann@sub.example.com", "ann@sub.example.com"),
    ] {
        let email = Email::parse(typed).unwrap();
        assert_eq!(email.mailbox().as_str(), mailbox, "{typed}");
        assert!(mailbox.ends_with(&format!("@{}", email.domain())));
    }
}

#[test]
fn email_trimmed_and_case_insensitive_is_the_same_however_it_is_typed() {
    for (typed, stored) in [
        ("ann@example.com", "ann@example.com"),
        ("  Ann@Example.COM\n", "ann@example.com"),
        ("a@b.c", "a@b.c"),
        ("ÅSA@EXEMPEL.SE", "åsa@exempel.se"),
        ("Иван@Пример.рф", "иван@xn--e1afmkfd.xn--p1ai"),
        ("иван@xn--E1AFMKFD.xn--p1ai", "иван@xn--e1afmkfd.xn--p1ai"),
        ("用户@例子。广告", "用户@xn--fsqu00a.xn--4rr70v"),
        ("ann@B\u{fc}cher.example", "ann@xn--bcher-kva.example"),
        ("ann@Bu\u{308}cher.example", "ann@xn--bcher-kva.example"),
        ("\u{2003}ann@example.com\u{a0}", "ann@example.com"),
        ("Rene\u{301}@example.com", "ren\u{e9}@example.com"),
        ("ν\u{3bf}\u{301}μος@example.gr", "ν\u{3cc}μος@example.gr"),
        ("\u{1112}\u{1161}\u{11ab}@example.kr", "한@example.kr"),
        (
            "o'brien_!#$%&*{}|~^`@example.com",
            "o'brien_!#$%&*{}|~^`@example.com",
        ),
        ("a.b+c/d=e@sub.example.com", "a.b+c/d=e@sub.example.com"),
    ] {
        assert_eq!(Email::parse(typed).unwrap().as_str(), stored);
    }
}

#[test]
fn email_at_most_255_with_at_most_64_before_the_at_sign() {
    let domain = |length: usize| {
        let labels = "abcdefghi.".repeat(length / 10 + 1);
        format!("{}c", &labels[labels.len() - length..labels.len() - 1])
    };
    for (local, rest, fits) in [
        ("a".repeat(64), "b.example".to_owned(), true),
        ("a".repeat(65), "b.example".to_owned(), false),
        ("ä".repeat(32), "b.example".to_owned(), true),
        ("ä".repeat(33), "b.example".to_owned(), false),
        ("a".repeat(55), domain(199), true),
        ("a".repeat(56), domain(199), false),
    ] {
        let text = format!("{local}@{rest}");
        assert_eq!(Email::parse(&text).is_ok(), fits, "{text}");
    }
    assert_eq!("a".repeat(55).len() + 1 + domain(199).len(), 255);
    assert!(Email::parse(&"x".repeat(1_000_000)).is_err());
}

#[test]
fn email_a_dot_in_the_domain_and_nothing_that_no_mail_can_reach() {
    for text in [
        "",
        "@",
        "a@",
        "@b.c",
        " @ ",
        "ab",
        "abc",
        "a@b",
        "a@localhost",
        "a b@c.d",
        "a@b c.d",
        "a\u{0}@b.c",
        "a@b.c\r\nd",
        "a@\u{3000}b.c",
        "a\u{85}@b.c",
        // Two `@`, text around the address, and misplaced dots.
        "a@b@c.d",
        "\"a@b\"@c.d",
        "\"a\"@b.c",
        "mailto:a@b.c",
        "<a@b.c>",
        "Ann <a@b.c>",
        "a@b.c>",
        "a,b@c.d",
        "a;b@c.d",
        "a(b)@c.d",
        "a\\b@c.d",
        "a:b@c.d",
        "a@b.c.",
        "a@.b.c",
        "a@b..c",
        ".a@b.c",
        "a.@b.c",
        "a..b@c.d",
        "a@b.c,d@e.f",
        // Characters that are invisible or change the direction of the text.
        "a\u{200b}@b.c",
        "a@b\u{200b}.c",
        "a\u{feff}@b.c",
        "\u{feff}a@b.c",
        "a@b.c\u{feff}",
        "a\u{202e}b@c.d",
        "a@b\u{202e}.c",
        "a\u{ad}b@c.d",
        "a@b\u{ad}c.d",
        "a\u{200d}b@c.d",
        "a\u{200c}b@c.d",
        "a\u{61c}b@c.d",
        "a\u{2060}b@c.d",
        "a\u{e0041}b@c.d",
        "a\u{fe0f}b@c.d",
        "a\u{e000}b@c.d",
        "a\u{3164}b@c.d",
        "a\u{115f}b@c.d",
        "a\u{1160}b@c.d",
        "a\u{ffa0}b@c.d",
        "a\u{34f}b@c.d",
        "a\u{17b4}b@c.d",
        "a\u{180e}b@c.d",
        "a\u{2800}nn@example.org",
        "a@b\u{2800}.c",
        "a\u{13441}b@c.d",
        "a\u{13442}b@c.d",
        "a\u{16fe4}b@c.d",
        "a\u{1d159}b@c.d",
        // Invalid domains.
        "a@[192.0.2.1]",
        "a@192.0.2.1",
        "a@-b.c",
        "a@b-.c",
        "a@b_c.d",
        "a@xn--.c",
        "a@b!.c",
        "a@b.c/d",
        "a@b.c?d",
        "a@b.c:25",
        "a@xn--a.example",
        // An A-label that stands for ASCII.
        "a@xn--example-.com",
    ] {
        assert_eq!(Email::parse(text).err(), Some(EmailError), "{text:?}");
    }
    let long_label = format!("a@{}.c", "b".repeat(64));
    assert!(Email::parse(&long_label).is_err());
    assert_eq!(format!("{:?}", Email::parse("a@b.c").unwrap()), "Email(..)");
}

#[test]
fn a_new_address_has_no_letters_in_a_compatibility_form_and_an_old_one_is_still_found() {
    for (typed, is_new) in [
        ("ann@example.com", true),
        ("иван@example.com", true),
        // Cyrillic letters are different letters, even if they look alike.
        ("\u{430}nn@example.com", true),
        ("Rene\u{301}@example.com", true),
        ("用户@example.com", true),
        ("น\u{e33}@example.com", true),
        ("한@example.com", true),
        ("\u{ff41}nn@example.com", false),
        ("\u{ff21}NN@example.com", false),
        ("\u{fb01}nn@example.com", false),
        ("\u{1d41a}nn@example.com", false),
        ("a\u{b2}@example.com", false),
        ("\u{ff76}@example.com", false),
        ("\u{24d0}@example.com", false),
    ] {
        let found = Email::parse(typed).unwrap();
        let expected = if is_new {
            Ok(found.clone())
        } else {
            Err(NewEmailError::CompatibilityForm)
        };
        assert_eq!(Email::parse_new(typed), expected, "{typed}");
        assert_eq!(Email::from_stored(found.as_str()), found, "{typed}");
    }
    // In a domain they are converted to the letters that they stand for.
    for typed in ["ann@\u{ff45}xample.com", "ann@EXAMPLE\u{ff0e}com"] {
        let email = Email::parse_new(typed).unwrap();
        assert_eq!(email.as_str(), "ann@example.com", "{typed}");
    }
    let invalid = Err(NewEmailError::Invalid(EmailError));
    assert_eq!(Email::parse_new("a\u{200b}@b.c"), invalid);
}

#[test]
fn what_an_older_version_stored_is_still_read_and_still_found() {
    for text in ["a@b", "\"a@b\"@c.example", "a@[192.0.2.1]"] {
        assert_eq!(Email::from_stored(text).as_str(), text);
    }
    let both = "иван@xn--e1afmkfd.xn--p1ai";
    assert_eq!(Email::from_stored("иван@пример.рф").as_str(), both);
    let older = Email::parse(both).unwrap().older_spelling().unwrap();
    assert_eq!(older.as_str(), "иван@пример.рф");
    assert_eq!(older.older_spelling(), None);
    let plain = Email::parse("ann@example.com").unwrap();
    assert_eq!(plain.older_spelling(), None);
}
