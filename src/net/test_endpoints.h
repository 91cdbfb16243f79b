// For net's tests: handlers that do one thing each, and a table with all of them.
#pragma once

#include <array>
#include <atomic>
#include <stdexcept>
#include <string>

#include "net/body_buffer.h"
#include "net/test_support.h"

namespace farm::net::testing {

inline constexpr std::size_t kSmallLimit = 1000;
inline constexpr std::size_t kLargeLimit = 64 << 20;
inline constexpr std::size_t kBigBytes = 64 << 20;

inline io::Task<void> say(Exchange& exchange, std::string text) {
  exchange.head().start(200);
  (void)co_await exchange.send(std::string_view(text));
}

inline io::Task<void> hello(Exchange& exchange) { return say(exchange, "hello"); }

inline io::Task<void> params(Exchange& exchange) {
  return say(exchange, std::string(exchange.param(0)) + "," + std::string(exchange.param(1)));
}

inline io::Task<void> peer(Exchange& exchange) { return say(exchange, exchange.peer()); }

inline io::Task<void> not_found(Exchange& exchange) {
  (void)co_await exchange.send_problem(404, "there is nothing here");
}

inline io::Task<void> echo(Exchange& exchange) {
  const auto body = co_await read_whole_body(exchange);
  if (!body) co_return;
  exchange.head().start(200);
  (void)co_await exchange.send(body.value().view());
}

// Reads the body in pieces, and says how many bytes there were.
inline io::Task<void> count(Exchange& exchange) {
  Bytes piece(1000);
  std::size_t total = 0;
  for (;;) {
    const auto got = co_await exchange.read_body(piece);
    if (!got) co_return;
    if (got.value() == 0) break;
    total += got.value();
  }
  co_await say(exchange, std::to_string(total));
}

// Reads only the beginning.
inline io::Task<void> nibble(Exchange& exchange) {
  std::array<std::byte, 10> piece;
  const auto got = co_await exchange.read_body(piece);
  if (got) co_await say(exchange, "nibbled");
}

// Answers again, wrongly, when the body could not be read.
inline io::Task<void> stubborn(Exchange& exchange) {
  const auto body = co_await read_whole_body(exchange);
  (void)co_await exchange.send_problem(body ? 500 : 422, "the second answer");
}

inline io::Task<void> refuse(Exchange& exchange) {
  (void)co_await exchange.send_problem(401, "not you", "WWW-Authenticate: Bearer\r\n");
}

inline io::Task<void> throws(Exchange&) {
  throw std::runtime_error("thrown on purpose");
  co_return;
}

inline io::Task<void> throws_no_exception(Exchange&) {
  throw 42;
  co_return;
}

inline io::Task<void> silent(Exchange&) { co_return; }

inline io::Task<void> big(Exchange& exchange) {
  static const std::string kBody(kBigBytes, 'x');
  exchange.head().start(200);
  (void)co_await exchange.send(std::string_view(kBody));
}

inline io::Task<void> pieces(Exchange& exchange) {
  exchange.head().start(200);
  auto sent = co_await exchange.begin(9);
  for (const std::string_view piece : {"one", "two", "six"}) {
    if (sent) sent = co_await exchange.write(as_bytes(piece));
  }
}

// Promises more than it gives.
inline io::Task<void> cut_short(Exchange& exchange) {
  exchange.head().start(200);
  (void)co_await exchange.begin(1000);
  (void)co_await exchange.write(as_bytes("only this"));
}

// Gives more than it promises.
inline io::Task<void> overlong(Exchange& exchange) {
  exchange.head().start(200);
  (void)co_await exchange.begin(4);
  (void)co_await exchange.write(as_bytes("good"));
  (void)co_await exchange.write(as_bytes("evil"));
}

inline io::Task<void> large_head(Exchange& exchange) {
  exchange.head().start(200);
  exchange.head().add("X", std::string(ResponseHead::kCapacity, 'x'));
  (void)co_await exchange.send(std::string_view("hello"));
}

inline io::Task<void> unmodified(Exchange& exchange) {
  exchange.head().start(304);
  (void)co_await exchange.send(std::string_view("a 304 has no body"));
}

inline io::Task<void> last(Exchange& exchange) {
  exchange.close_after();
  return say(exchange, "goodbye");
}

// "abc" from memory that is given back when the last byte is sent: `kept_alive` counts.
inline std::atomic<int> kept_alive = 0;
inline const std::string& ready_body() {
  static const std::string body(8 << 20, 'r');
  return body;
}
inline io::Task<void> ready(Exchange& exchange) {
  ++kept_alive;
  exchange.send_ready({.status = 200,
                       .head = "HTTP/1.1 200 OK\r\nX-Stored: yes\r\n",
                       .more = "Age: 7\r\n",
                       .body = as_bytes(ready_body())},
                      Keep(&kept_alive, [](const void*) { --kept_alive; }));
  co_return;
}

// Interim response, then a body whose length nobody knows beforehand.
inline io::Task<void> unknown_length(Exchange& exchange) {
  (void)co_await exchange.send_interim(103, "Link: </style.css>\r\n");
  const ReadyResponse response = {.status = 200, .head = "HTTP/1.1 200 OK\r\nX-Stored: yes\r\n"};
  (void)co_await exchange.begin_ready(response, std::nullopt);
  (void)co_await exchange.write(as_bytes("one "));
  (void)co_await exchange.write(as_bytes("two"));
  if (exchange.request().has_query) co_return;  // cut short
  (void)co_await exchange.end();
}

inline EndpointTable test_endpoints() {
  EndpointTable table;
  table.set_fallback({.name = "unmatched", .handle = not_found});
  add_endpoint(table, Method::kGet, "/hello", 0, hello);
  add_endpoint(table, Method::kGet, "/peer", 0, peer);
  add_endpoint(table, Method::kPost, "/peer", kLargeLimit, peer);
  add_endpoint(table, Method::kGet, "/of/{a}/and/{b}", 0, params);
  add_endpoint(table, Method::kPost, "/echo", kLargeLimit, echo);
  add_endpoint(table, Method::kPost, "/count", kLargeLimit, count);
  add_endpoint(table, Method::kPost, "/small", kSmallLimit, count);
  add_endpoint(table, Method::kPost, "/stubborn", kSmallLimit, stubborn);
  add_endpoint(table, Method::kPost, "/nibble", kLargeLimit, nibble);
  add_endpoint(table, Method::kPost, "/ignore", kLargeLimit, hello);
  add_endpoint(table, Method::kPost, "/refuse", kLargeLimit, refuse);
  add_endpoint(table, Method::kGet, "/throws", 0, throws);
  add_endpoint(table, Method::kGet, "/throws-42", 0, throws_no_exception);
  add_endpoint(table, Method::kGet, "/silent", 0, silent);
  add_endpoint(table, Method::kGet, "/big", 0, big);
  add_endpoint(table, Method::kGet, "/pieces", 0, pieces);
  add_endpoint(table, Method::kGet, "/cut-short", 0, cut_short);
  add_endpoint(table, Method::kGet, "/overlong", 0, overlong);
  add_endpoint(table, Method::kGet, "/large-head", 0, large_head);
  add_endpoint(table, Method::kGet, "/unmodified", 0, unmodified);
  add_endpoint(table, Method::kGet, "/last", 0, last);
  add_endpoint(table, Method::kGet, "/ready", 0, ready);
  add_endpoint(table, Method::kGet, "/unknown-length", 0, unknown_length);
  return table;
}

}  // namespace farm::net::testing
