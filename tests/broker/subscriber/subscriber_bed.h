// A broker without sockets with a SIP database, in which "ann" has a Milenage module and "tom" a TUAK one.
#pragma once

#include <string>
#include <utility>

#include "broker/subscriber/registration_procedures.h"
#include "broker/subscriber/sip_database.h"
#include "broker/subscriber/subscriber_procedures.h"
#include "broker/subscriber/vector_procedure.h"
#include "core/codec/hex.h"
#include "tests/broker/identity/authenticators/sealing_bed.h"

namespace claviger::subscriber {

inline constexpr std::string_view kAnn = "ann@ims.alpha.example";
inline constexpr std::string_view kAnnPublic = "sip:ann@ims.alpha.example";
inline constexpr std::string_view kTom = "tom@ims.alpha.example";
inline constexpr std::string_view kTomPublic = "sip:tom@ims.alpha.example";
// Set 1 of TS 35.208, and a TUAK key of 256 bits.
inline constexpr std::string_view kAnnKey = "465b5ce8b199b49faa5f0a2ee238a6bc";
inline constexpr std::string_view kAnnOpc = "cd63cb71954a9f4e48a5994e37a02baf";
inline constexpr std::string_view kTomKey = "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0";
inline constexpr std::string_view kTomTopc = "305425427e18c503c8a4b294ea72c95d0c36c6c6b29d0c65de5974d5977f8524";
inline constexpr std::string_view kServer = "sip:scscf1.alpha.example:6060";

inline SubscriberDraft draft_of(std::string_view impi, std::vector<std::string> impus, std::string_view key,
                                std::string_view code) {
  SubscriberDraft draft;
  draft.private_identity = impi;
  draft.public_identities = std::move(impus);
  draft.algorithm = code.size() == 64 ? "tuak" : "milenage";
  draft.key = SecretBytes(as_bytes(key));
  draft.operator_code = SecretBytes(as_bytes(code));
  return draft;
}
inline SubscriberDraft ann() { return draft_of(kAnn, {std::string(kAnnPublic), "tel:+491701"}, kAnnKey, kAnnOpc); }
inline SubscriberDraft tom() { return draft_of(kTom, {std::string(kTomPublic)}, kTomKey, kTomTopc); }

// The module that has the keys, with the array of TS 33.102 clause C.2 behind it.
class Module {
 public:
  Module(std::string_view key, std::string_view code) {
    key_.algorithm = code.size() == 64 ? aka::Algorithm::Tuak : aka::Algorithm::Milenage;
    key_.key_bytes = static_cast<std::uint8_t>(key.size() / 2);
    EXPECT_TRUE(codec::hex_decode(key, key_.key.reveal_for_writing()).has_value());
    EXPECT_TRUE(codec::hex_decode(code, key_.operator_code.reveal_for_writing()).has_value());
  }
  // True: accepted. Else it calls for resynchronisation with auts().
  bool takes(const aka::Vector& vector) {
    const auto answered = aka::answer(key_, vector.rand, vector.autn);
    EXPECT_TRUE(answered.has_value());
    EXPECT_TRUE(equals_constant_time(Bytes(answered->response.reveal()).first(answered->response_bytes),
                                     vector.expected_response()));
    last_ = answered->sequence;
    const std::uint64_t seq = answered->sequence >> 5U;
    std::uint64_t& highest = array_[answered->sequence & 31U];
    const bool is_fresh = seq > highest && seq < this->highest() + kDelta;
    if (is_fresh) highest = seq;
    return is_fresh;
  }
  std::string resynchronisation(const aka::Rand& rand) const {
    const auto auts = aka::make_auts(key_, rand, highest() << 5U);
    return std::string(as_text(rand)) + std::string(as_text(auts));
  }
  void set(std::uint64_t seq) { array_.fill(seq); }
  std::uint64_t highest() const { return *std::max_element(array_.begin(), array_.end()); }
  aka::Sequence last() const { return last_; }

 private:
  aka::SubscriberKey key_;
  std::array<std::uint64_t, 32> array_{};
  aka::Sequence last_ = 0;
};

class SubscriberBed : public identity::SealingBed {
 public:
  SubscriberBed() {
    start();
    EXPECT_TRUE(wait(add_subscriber(&database(), "alpha", ann())).has_value());
    EXPECT_TRUE(wait(add_subscriber(&database(), "alpha", tom())).has_value());
  }
  ~SubscriberBed() {
    database_->stop();
    run_turns(4);  // turns are given back from the loop
  }
  SipDatabase& database() { return *database_; }
  // As after a kill -9: nothing in memory, what is in the store.
  void restart() {
    database_->stop();
    run_turns(4);
    start();
  }

  static VectorRequest request(std::string_view impi = kAnn, std::string_view impu = kAnnPublic) {
    VectorRequest request;
    request.tenant = "alpha";
    request.private_identity = impi;
    request.public_identity = impu;
    request.scheme = "Digest-AKAv1-MD5";
    request.server_name = kServer;
    request.host = "scscf1.alpha.example";
    request.realm = "alpha.example";
    return request;
  }
  Result<VectorAnswer> ask(VectorRequest request) { return wait(make_vector(&database(), std::move(request))); }
  Code refusal(VectorRequest wrong) {
    const auto answered = ask(std::move(wrong));
    return answered ? Code::Internal : answered.error().code;
  }

 private:
  void start() {
    database_ = std::make_unique<SipDatabase>(contexts_, 8);
    EXPECT_TRUE(wait(database_->start()).has_value());
  }
  std::unique_ptr<SipDatabase> database_;
};

}  // namespace claviger::subscriber
