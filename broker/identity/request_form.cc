#include "broker/identity/request_form.h"

#include <algorithm>

#include "core/http/ascii_case.h"

namespace claviger::identity {
namespace {

bool contains_ignoring_case(std::string_view text, std::string_view lower) {
  const auto is_same = [](char sent, char wanted) { return http::lowered(sent) == wanted; };
  return std::search(text.begin(), text.end(), lower.begin(), lower.end(), is_same) != text.end();
}

}  // namespace

bool is_form_content(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return http::equals_ignoring_case(type, "application/x-www-form-urlencoded");
}

Result<codec::Form> read_form_with_duplicates(const http::Request& request) {
  if (!request.query.empty()) return Error{Code::ParameterInQuery, "request.query"};
  if (request.is_repeated(http::Field::ContentType) || !is_form_content(request.field(http::Field::ContentType))) {
    return Error{Code::MediaType, "request.content_type"};
  }
  return codec::parse_form(request.body.text());
}

Result<codec::Form> read_form(const http::Request& request) {
  auto form = read_form_with_duplicates(request);
  if (form && !form->duplicates().empty()) return Error{Code::ParameterRepeated, "request.form"};
  return form;
}

Result<std::string_view> required(const codec::Form& form, std::string_view name) {
  const auto value = form.find(name);
  if (!value || value->empty()) return Error{Code::ParameterMissing, "request.form"};
  return *value;
}

bool wants_json(const http::Request& request) {
  const std::string_view accept = request.field(http::Field::Accept);
  return contains_ignoring_case(accept, "application/json") && !contains_ignoring_case(accept, "text/html");
}

}  // namespace claviger::identity
