//! An OpenAPI document as a page.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use anteroom_pages::api_page;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Example", "description": "An example.", "version": "1.2.3"},
        "tags": [
            {"name": "second", "description": "Of no operation."},
            {"name": "first", "description": "Of two operations."},
        ],
        "paths": {
            "/things/{id}": {
                "get": {
                    "tags": ["first"],
                    "summary": "Shows a thing. And more.",
                    "operationId": "show",
                    "deprecated": true,
                    "parameters": [
                        {"name": "id", "in": "path", "description": "Which `thing`.", "required": true,
                            "schema": {"type": "integer", "minimum": 1}, "example": 2},
                        {"name": "X-Epoch", "in": "header", "schema": {"type": "integer"}},
                    ],
                    "responses": {
                        "200": {"description": "The `thing`.",
                            "headers": {"ETag": {"schema": {"type": "string"}, "description": "Its tag."}},
                            "content": {"application/json":
                                {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                        "404": {"description": "`THING_UNKNOWN`, `NOT_FOUND`: it is not there"},
                        "503": {"description": "`BUSY`",
                            "content": {"application/json": {"schema": {"type": "string"}}}},
                    },
                    "security": [{"device": []}, {}],
                },
                "put": {
                    "tags": ["first"],
                    "summary": "Changes a thing.",
                    "requestBody": {"required": false, "content": {"application/json":
                        {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "responses": {"404": {"description": "`NOT_FOUND`"}},
                },
            },
            "/odd": {
                "get": {
                    "summary": "Is <script>alert(1)</script> & \"odd\".",
                    "responses": {"204": {"description": "`A` is no problem."}},
                },
            },
        },
        "components": {
            "schemas": {"Thing": {"type": "object", "required": ["name"],
                "properties": {
                    "name": {"type": "string", "example": "<b>"},
                    "size": {"type": "integer"},
                }}},
            "securitySchemes": {"device": {"type": "http", "scheme": "basic", "description": "Its."}},
        },
    })
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

async fn get(document: Value, path: &str) -> Answer {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = api_page(document).oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: head.status,
        headers: head.headers,
        text: String::from_utf8(body.to_vec()).unwrap(),
    }
}

async fn page() -> String {
    let answer = get(document(), "/docs").await;
    assert_eq!(answer.status, 200);
    answer.text
}

/// The part of a page from an address to the end of the article.
fn article<'a>(page: &'a str, address: &str) -> &'a str {
    let (_, rest) = page
        .split_once(&format!("<article id=\"{address}\">"))
        .unwrap();
    rest.split("</article>").next().unwrap()
}

#[tokio::test]
async fn the_page_has_the_name_of_the_document_and_leads_to_it() {
    let page = page().await;
    for part in [
        "<title>Example: HTTP API · Anteroom</title>",
        "<h1>Example: HTTP API</h1>",
        "Version 1.2.3",
        "<a href=\"openapi.json\">OpenAPI 3.1.0</a>",
        "<link rel=\"stylesheet\" href=\"docs/style.css\">",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[tokio::test]
async fn operations_stand_under_their_tags_and_those_without_one_at_the_end() {
    let page = page().await;
    assert!(!page.contains("tag-second"), "a tag without operations");
    let order = [
        "id=\"tag-first\"",
        "id=\"get-things-id\"",
        "id=\"put-things-id\"",
        "id=\"tag-others\"",
        "id=\"get-odd\"",
        "id=\"shapes\"",
        "id=\"codes\"",
    ];
    let places: Vec<usize> = order.iter().map(|part| page.find(part).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[tokio::test]
async fn an_operation_shows_parameters_authentication_bodies_and_answers() {
    let page = page().await;
    let shown = article(&page, "get-things-id");
    for part in [
        "<p>Shows a thing. And more.</p>",
        "Deprecated",
        "Authentication: <a href=\"#access-device\">device</a> or none.",
        "<code>id</code> <span class=\"kind\">in the path, integer</span> <strong>required</strong>",
        "Which <code>thing</code>.",
        "<li>at least 1</li><li>example <code>2</code></li>",
        "<code>X-Epoch</code> <span class=\"kind\">header, integer</span></dt>",
        "<dt>200</dt><dd>The <code>thing</code>.",
        "<a href=\"#shape-Thing\">Thing</a>",
        "{\n  &quot;name&quot;: &quot;&lt;b&gt;&quot;\n}",
        "Header <code>ETag</code>, string: Its tag.",
        "<a href=\"#code-THING_UNKNOWN\"><code>THING_UNKNOWN</code></a>",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let shown = article(&page, "put-things-id");
    for part in [
        "Needs no authentication.",
        "<h4>Body</h4><p><code>application/json</code>, <a href=\"#shape-Thing\">Thing</a>, may be left out</p>",
        "<code>size</code> <span class=\"kind\">integer</span></dt>",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[tokio::test]
async fn a_problem_code_is_listed_once_with_all_that_it_comes_from() {
    let page = page().await;
    let (_, codes) = page.split_once("id=\"codes\"").unwrap();
    for (code, part) in [
        (
            "BUSY",
            "503</span></dt><dd><a href=\"#get-things-id\">GET /things/{id}</a></dd>",
        ),
        (
            "NOT_FOUND",
            "404</span></dt><dd>every operation but <a href=\"#get-odd\">GET /odd</a></dd>",
        ),
    ] {
        let (_, rest) = codes.split_once(&format!("id=\"code-{code}\"")).unwrap();
        let shown = rest.split("</div>").next().unwrap();
        assert!(shown.contains(part), "{shown}");
    }
    assert!(!page.contains("code-A\""), "no code of a problem");
}

#[tokio::test]
async fn what_a_document_says_is_text_and_never_markup() {
    let page = page().await;
    assert!(!page.contains("<script") && !page.contains("<b>"));
    assert!(page.contains("Is &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;odd&quot;."));
}

#[tokio::test]
async fn the_page_is_strict_and_loads_its_style_alone() {
    let answer = get(document(), "/docs").await;
    assert_eq!(
        answer.headers["content-security-policy"],
        "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    assert_eq!(answer.headers["cache-control"], "public, max-age=300");
    let style = get(document(), "/docs/style.css").await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
    assert!(style.text.contains("prefers-color-scheme: dark"));
    assert!(!style.text.contains("url(") && !style.text.contains("@import"));
}

#[tokio::test]
async fn an_address_with_a_slash_at_the_end_leads_to_the_page() {
    let answer = get(document(), "/docs/").await;
    assert_eq!(answer.status, 308);
    // Relative, since a proxy may show the page under another path.
    assert_eq!(answer.headers["location"], "../docs");
}

#[tokio::test]
async fn a_document_with_members_that_the_page_would_leave_out_is_refused() {
    for (place, member) in [
        ("/paths/~1odd/get", "callbacks"),
        ("/components/schemas/Thing", "not"),
        ("/components/securitySchemes/device", "flows"),
        ("", "webhooks"),
    ] {
        let mut document = document();
        let object = document.pointer_mut(place).unwrap();
        object
            .as_object_mut()
            .unwrap()
            .insert(member.to_owned(), json!({}));
        let answer = get(document, "/docs").await;
        assert_eq!(answer.status, 500, "{member}");
        assert!(answer.text.contains("INTERNAL") && !answer.text.contains(member));
    }
}
