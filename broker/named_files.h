// What is wrong with the certificates, keys and revocation lists that a configuration names, said so that an operator finds the
// file: for --check-config, for a reload that is refused and for a start that failed.
//
// Reads the files: off the loop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace claviger::settings {
struct DiameterSettings;  // broker/settings/diameter_settings.h
struct Settings;          // broker/settings/settings.h
struct Sip;               // broker/settings/sip_settings.h
}  // namespace claviger::settings

namespace claviger::broker {

struct FileFault {
  std::string text;
  Code code;
};

// The files of one table; those that are not named are empty.
struct TlsFiles {
  std::string certificate, key, authorities, revoked;
};
// Which file `error` is about, and why; the error's own words with all of their names when none is found guilty.
std::string fault_of(const TlsFiles& files, const Error& error);

// Of [[https]] the same fault of several listeners is told once. These may be null.
std::vector<FileFault> faults_of_files(const settings::Settings& settings, const settings::DiameterSettings* diameter,
                                       const settings::Sip* sip);

}  // namespace claviger::broker
