// What an endpoint of the admin socket answers, and the one table that turns a Code into an HTTP status.
//
// A value of one request.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/http/message.h"

namespace claviger::admin {

class Answer {
 public:
  // 200 with a JSON document.
  explicit Answer(std::string json) : body_(std::move(json)) {}
  Answer(std::uint16_t status, std::string json) : status_(status), body_(std::move(json)) {}
  // A problem. Not explicit: CLAVIGER_CO_TRY returns an Error.
  Answer(Error error);
  Answer(Code code, std::string detail);

  bool is_ok() const { return !code_.has_value(); }
  // For the audit log: "ok" or the Code's name.
  std::string_view outcome() const { return code_ ? name_of(*code_) : std::string_view("ok"); }
  // Plain text instead of JSON.
  Answer&& as_text() && {
    content_type_ = "text/plain; version=0.0.4; charset=utf-8";
    return std::move(*this);
  }
  // Takes the body.
  http::Response into_response() &&;

 private:
  std::uint16_t status_ = 200;
  std::string body_;
  std::string_view content_type_ = "application/json";
  std::optional<Code> code_;
};

// What a Code means to an operator: the status and a sentence.
struct Meaning {
  std::uint16_t status;
  std::string_view title;
};
Meaning meaning_of(Code code);

}  // namespace claviger::admin
