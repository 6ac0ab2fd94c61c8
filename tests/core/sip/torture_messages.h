// Messages of RFC 4475, each as short as what it is about allows.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace claviger::sip {

// Lines of a message, joined by CRLF.
inline std::string lines(std::initializer_list<std::string_view> all) {
  std::string text;
  for (const std::string_view line : all) text.append(line).append("\r\n");
  return text;
}

inline std::string request(std::string_view request_line, std::initializer_list<std::string_view> more,
                           std::string_view method = "OPTIONS") {
  std::string text(request_line);
  text +=
      "\r\nVia: SIP/2.0/UDP host.example.com;branch=z9hG4bK31\r\nMax-Forwards: 70\r\nTo: sip:user@example.com\r\n"
      "From: sip:caller@example.net;tag=1\r\nCall-ID: c1@host\r\nCSeq: 1 ";
  text += method;
  text += "\r\n";
  for (const std::string_view line : more) text.append(line).append("\r\n");
  return text + "\r\n";
}

// The short tortuous one.
inline std::string wsinv() {
  return lines({"INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0",
                "TO :",
                " sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n",
                "from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>",
                "  ;",
                "  tag = 98asjd8",
                "MaX-fOrWaRdS: 0068",
                "Call-ID: wsinv.ndaksdj@192.0.2.1",
                "Content-Length   : 150",
                "cseq: 0009",
                "  INVITE",
                "Via  : SIP  /   2.0",
                " /UDP",
                "    192.0.2.2;branch=390skdjuw",
                "s :",
                "NewFangledHeader:   newfangled value",
                " continued newfangled value",
                "UnknownHeaderWithUnusualValue: ;;,,;;,;",
                "Content-Type: application/sdp",
                "Route:",
                " <sip:services.example.com;lr;unknownwith=value;unknown-no-value>",
                "v:  SIP  / 2.0  / TCP     spindle.example.com   ;",
                "  branch  =   z9hG4bK9ikj8  ,",
                " SIP  /    2.0   / UDP  192.168.255.111   ; branch=",
                " z9hG4bK30239",
                "m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =",
                "      newvalue ;",
                "  secondparam ; q = 0.33",
                "",
                std::string(148, 'x')});
}

// Every character that may stand somewhere.
inline std::string intmeth() {
  using namespace std::string_literals;
  return "!interesting-Method0123456789_*+`.%indeed'~ "
         "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com "
         "SIP/2.0\r\n"
         "Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\r\n"
         "To: \"BEL:\\\x07 NUL:\\\0 DEL:\\\x7F\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\r\n"
         "From: token1~` token2'+_ token3*%!.- "
         "<sip:mundane@example.com>;fromParam''~+*_!.-%=\"\xD1\x80\xD0\xB0\xD0\xB1\";tag=_token~1'+`*%!-.\r\n"
         "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n"
         "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\r\nMax-Forwards: 255\r\n"
         "extensionHeader-!.%*+_`'~:\xEF\xBB\xBF\xE5\xA4\xA7\xE5\x81\x9C\xE9\x9B\xBB\r\nContent-Length: 0\r\n\r\n"s;
}

struct Bad {
  const char* name;
  std::string text;
  int status;
};
inline const std::string kOptions = "OPTIONS sip:user@example.com SIP/2.0";
inline std::string with_to(std::string_view to) {
  return std::string("OPTIONS sip:user@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h.example.com;branch=z9hG4bK3\r\nTo: ") +
         std::string(to) + "\r\nFrom: sip:caller@example.net;tag=1\r\nCall-ID: c1@host\r\nCSeq: 1 OPTIONS\r\n\r\n";
}

inline std::vector<Bad> refused() {
  return {Bad{"badinv01_contact", request(kOptions, {"Contact: \"Joe\" <sip:joe@example.org>;;;;"}), 400},
          Bad{"badinv01_via", request(kOptions, {"Via: SIP/2.0/UDP 192.0.2.15;;,;,,"}), 400},
          Bad{"clerr", request(kOptions, {"Content-Length: 9999"}) + "v=0", 400},
          Bad{"ncl", request(kOptions, {"Content-Length: -999"}), 400},
          Bad{"scalar02_cseq",
              lines({kOptions, "Via: SIP/2.0/UDP h;branch=z9hG4bK3", "To: sip:a@b.c", "From: sip:a@b.c;tag=1",
                     "Call-ID: 1", "CSeq: 36893488147419103232 OPTIONS", ""}),
              400},
          Bad{"scalar02_max_forwards",
              lines({kOptions, "Via: SIP/2.0/UDP h;branch=z9hG4bK3", "To: sip:a@b.c", "From: sip:a@b.c;tag=1",
                     "Call-ID: 1", "CSeq: 1 OPTIONS", "Max-Forwards: 300", ""}),
              400},
          Bad{"quotbal", with_to("\"Mr. J. User <sip:j.user@example.com>"), 400},
          Bad{"ltgtruri", request("OPTIONS <sip:user@example.com> SIP/2.0", {}), 400},
          Bad{"lwsruri", request("OPTIONS sip:user@example.com; lr SIP/2.0", {}), 400},
          Bad{"lwsstart", request("OPTIONS  sip:user@example.com  SIP/2.0", {}), 400},
          Bad{"trws", request("OPTIONS sip:remote-target@example.com SIP/2.0  ", {}), 400},
          Bad{"escruri", request("OPTIONS sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0", {}), 400},
          Bad{"regbadct",
              request("REGISTER sip:example.com SIP/2.0",
                      {"Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E"}, "REGISTER"),
              400},
          Bad{"badaspec", with_to("\"Watson, Thomas\" < sip:t.watson@example.org >"), 400},
          Bad{"baddn", with_to("Bell, Alexander <sip:a.g.bell@example.com>;tag=43"), 400},
          Bad{"badvers", request("OPTIONS sip:t.watson@example.org SIP/7.0", {}), 505},
          Bad{"mismatch01", request(kOptions, {}, "INVITE"), 400},
          Bad{"mismatch02", request("NEWMETHOD sip:user@example.com SIP/2.0", {}, "INVITE"), 400},
          Bad{"insuf",
              lines({kOptions, "CSeq: 193942 OPTIONS", "Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf",
                     "Content-Type: application/sdp", ""}),
              400},
          Bad{"unkscm", request("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0", {}), 416},
          Bad{"novelsc", request("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0", {}), 416},
          Bad{"multi01_cseq", request(kOptions, {"CSeq: 59 INVITE"}), 400},
          Bad{"multi01_call_id", request(kOptions, {"Call-ID: multi01.98asdh@192.0.2.1"}), 400},
          Bad{"multi01_from", request(kOptions, {"f: sip:a@b.c"}), 400},
          Bad{"mcl01", request(kOptions, {"Content-Length: 13", "Content-Length: 5"}), 400},
          Bad{"no_headers", "OPTIONS sip:a@b.c SIP/2.0\r\n\r\n", 400},
          Bad{"nothing", "", 400},
          Bad{"bare_line_feed", "OPTIONS sip:a@b.c SIP/2.0\n\n", 400},
          Bad{"fold_first", "OPTIONS sip:a@b.c SIP/2.0\r\n x: y\r\n\r\n", 400}};
}

}  // namespace claviger::sip
