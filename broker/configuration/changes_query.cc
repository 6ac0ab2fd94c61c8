#include "broker/configuration/changes_query.h"

#include <charconv>

#include "broker/configuration/configuration.h"
#include "core/codec/form.h"

namespace claviger::configuration {

Result<ChangesQuestion> read_changes_query(std::string_view query) {
  constexpr Error kMalformed{Code::ParameterMalformed, "changes.query"};
  const auto form = codec::parse_form(query);
  if (!form) return kMalformed;
  ChangesQuestion question;
  for (const codec::FormField& field : form->fields()) {
    if (field.name == "document") {
      if (question.documents.size() == kWatchedMax) return Error{Code::TooMany, "changes.documents"};
      CLAVIGER_TRY(name, read_document_name(field.value));
      auto application = application_of(name);
      if (!application) return Error{Code::DocumentUnknown, "changes.document"};
      question.documents.push_back({std::string(field.value), std::move(name), *std::move(application), {}});
    } else if (field.name == "etag") {
      if (question.documents.empty() || !question.documents.back().etag.empty()) return kMalformed;
      // As it stands in the ETag field, or without the quotes, as in an xcap-diff document.
      std::string_view etag = field.value;
      if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
      question.documents.back().etag = etag;
    } else if (field.name == "wait") {
      const auto [end, error] =
          std::from_chars(field.value.data(), field.value.data() + field.value.size(), question.wait);
      if (error != std::errc() || end != field.value.data() + field.value.size()) return kMalformed;
      if (question.wait < 0 || question.wait > kWaitMax) return kMalformed;
    } else {
      return kMalformed;
    }
  }
  if (question.documents.empty()) return kMalformed;
  return question;
}

}  // namespace claviger::configuration
