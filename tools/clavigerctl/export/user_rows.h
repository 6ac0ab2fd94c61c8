// Users on their way out: a page of the daemon's answer as NDJSON lines or CSV rows that `user import` reads back.
//
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "tools/clavigerctl/import/import_reader.h"

namespace claviger::ctl {

struct ExportedPage {
  std::string text;
  std::uint64_t users = 0;
  std::string next;  // empty: this was the last
};

// The header row of a CSV file; empty for NDJSON.
std::string export_header(ImportFormat format);
Result<ExportedPage> export_page(std::string_view json, ImportFormat format);
// RFC 4180: in quotes when it has to be.
std::string csv_field(std::string_view text);

// How far through all users a cursor is, 0..1'000'000. Users come in the order of `sub`, which is random: how far the
// cursor is in the alphabet is how far we are among the users.
std::uint64_t progress_of_cursor(std::string_view sub);

}  // namespace claviger::ctl
