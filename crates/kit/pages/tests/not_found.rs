//! The page at an address where there is none.

use anteroom_pages::not_found_page;
use axum::{Router, body::Body, middleware::from_fn, routing::get};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

#[tokio::test]
async fn a_browser_gets_a_page_where_no_route_is_and_all_others_the_answer_of_the_service() {
    const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
    let missing = || async { (StatusCode::NOT_FOUND, "{}") };
    let router = Router::new()
        .route("/device", get(missing))
        .fallback(missing)
        .layer(from_fn(not_found_page));
    for (path, accept, links) in [
        ("/nope", Some(BROWSER), Some(["\"./\"", "\"style.css\""])),
        (
            "/a/b/",
            Some(BROWSER),
            Some(["\"./../../\"", "\"../../style.css\""]),
        ),
        ("/nope", Some("application/json"), None),
        ("/nope", Some("*/*"), None),
        ("/nope", None, None),
        ("/device", Some(BROWSER), None),
    ] {
        let mut request = Request::get(path);
        if let Some(accept) = accept {
            request = request.header(header::ACCEPT, accept);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        match links {
            Some(links) => {
                for link in links {
                    assert!(text.contains(link), "{path}: {text}");
                }
            }
            None => assert_eq!(text, "{}", "{path} {accept:?}"),
        }
    }
}
