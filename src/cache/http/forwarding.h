// What of a request goes on to another server, and what of its response comes back: RFC 9110
// sections 7.6.1 (fields of one connection) and 7.6.3 (Via), RFC 7239 (Forwarded). Pure;
// thread-safe. Lines are appended whole, "Name: value\r\n"; a field whose name or value could end
// its line is left out, whoever sent it.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "cache/http/cache_control.h"

namespace farm::cache {

// What a request's own headers do not tell.
struct ForwardingFacts {
  // A token that no other process has, e.g. "photofarm-9f31c0de": by it a loop is told.
  std::string_view via_name;
  std::string_view client;          // the peer's address without its port, "2001:db8::1"
  std::string_view proto = "http";  // by which the client asked
  std::string_view host;            // that the client asked for, with its port if it named one
  int minor_version = 1;            // of the request's HTTP/1.x

  // The answer is to be kept for others: without the client's conditions (RFC 9111 section 4.3.1)
  // and ranges, so that it is the whole one, and without what may make an application answer for
  // another host, path or method than was asked (X-Forwarded-Prefix, X-Original-URL and the like).
  // Accept-Encoding and what else Vary may name stays.
  bool for_fill = false;
  // Of a stored response that is to be validated (section 4.3.1); with for_fill.
  std::string_view if_none_match = {};
  std::string_view if_modified_since = {};
};

// The request's end-to-end fields, then Via, X-Forwarded-For and Forwarded with one member more
// than they had, and X-Forwarded-Proto and -Host in place of the client's. The sender adds what
// frames the message: Host, Content-Length or Transfer-Encoding, Connection; and it waits for
// "100 Continue" itself if it wants to, for Expect is left out.
void append_forwarded_headers(std::string& out, Headers request, const ForwardingFacts& facts);

// Whether the request has come through this process before: answer 508.
bool is_loop(Headers request, std::string_view via_name);

// Whether only the origin may evaluate the request's conditions, If-Match and If-Unmodified-Since
// (RFC 9111 section 4.3.2): it goes there as it is, past the cache.
bool is_for_origin_alone(Headers request);

struct ResponseFacts {
  std::string_view via_name;
  int minor_version = 1;   // of the response's HTTP/1.x
  Millis received_ms = 0;  // wall clock; stands in for a missing Date (RFC 9110 section 6.6.1)
};

// What is kept of a response and passed on: its end-to-end fields, Date, and Via with one member
// more. What the sender adds for each client: Content-Length or Transfer-Encoding, Age (these three
// are left out here, whatever they were), Cache-Status behind the upstream's own, Connection.
void append_stored_headers(std::string& out, Headers response, const ResponseFacts& facts);

// What of an interim response (1xx) is passed on: its end-to-end fields, and none that frames.
void append_interim_headers(std::string& out, Headers interim);

}  // namespace farm::cache
