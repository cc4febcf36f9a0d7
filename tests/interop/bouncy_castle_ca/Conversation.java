import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1Enumerated;
import org.bouncycastle.asn1.cmp.CertConfirmContent;
import org.bouncycastle.asn1.cmp.CertResponse;
import org.bouncycastle.asn1.cmp.ErrorMsgContent;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIFreeText;
import org.bouncycastle.asn1.cmp.PKIStatus;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;
import org.bouncycastle.asn1.cmp.PollReqContent;
import org.bouncycastle.asn1.cmp.RevDetails;
import org.bouncycastle.asn1.cmp.RevReqContent;
import org.bouncycastle.asn1.crmf.CertTemplate;
import org.bouncycastle.asn1.crmf.EncryptedKey;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.cmp.CMPException;
import org.bouncycastle.cert.cmp.CertificateConfirmationContent;
import org.bouncycastle.cert.cmp.CertificateStatus;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** One transaction: request, polling, confirmation. */
final class Conversation {
    /** Where every subject lies that the CA chooses. */
    private static final String CHOSEN = "O=Chopmark Interop,";

    private final Authority authority;
    private final Row row;
    private final Holder issuing;

    /** Our senderNonce of last time, and the client's of its first message. */
    byte[] lastNonce;
    byte[] firstNonce;
    /** The last message and its answer: a client may repeat itself after a lost answer. */
    byte[] lastRequest;
    byte[] lastAnswer;
    /** The next answer grants implicitConfirm. */
    boolean implicit;
    /** The next answer was held back until now. */
    boolean delayed;
    /** An answer holds EnvelopedData, so that it is of CMP 2021 (RFC 9810, section 7). */
    boolean enveloped;
    /** More certificates for extraCerts of the next answer. */
    final List<X509CertificateHolder> extra = new ArrayList<>();
    private final Map<BigInteger, X509CertificateHolder> unconfirmed = new LinkedHashMap<>();
    private PKIBody held;
    private int heldId;
    private int polls;
    private boolean confirmationHeld;

    Conversation(Authority authority, Row row) {
        this.authority = authority;
        this.row = row;
        issuing = authority.issuing(row.switches.has("issue-ed25519"));
    }

    Holder issuing() {
        return issuing;
    }

    /** The first message. */
    PKIBody begin(PKIBody body, Protection.By by, boolean asksImplicit, char[] code) throws No {
        if (row.switches.has("error")) {
            throw new No(row.switches.reason("error"), "as the test wants it");
        }
        PKIBody answer = switch (body.getType()) {
            case PKIBody.TYPE_INIT_REQ, PKIBody.TYPE_CERT_REQ, PKIBody.TYPE_P10_CERT_REQ, PKIBody.TYPE_KEY_UPDATE_REQ ->
                certificate(body, by, code);
            case PKIBody.TYPE_REVOCATION_REQ -> revocation(body, by);
            case PKIBody.TYPE_GEN_MSG -> new Information(authority, row).answer(body);
            default -> throw new No(PKIFailureInfo.badRequest, "a transaction does not begin so");
        };
        implicit = !unconfirmed.isEmpty()
            && (row.switches.has("implicit-unasked") || asksImplicit && row.switches.has("implicit"));
        if (row.switches.has("poll-whole")) {
            return hold(answer, Request.NO_ID, row.switches.number("poll-whole"), Answers.wholeWaits());
        }
        if (row.switches.has("poll") && !unconfirmed.isEmpty()) {
            int id = body.getType() == PKIBody.TYPE_P10_CERT_REQ ? Request.NO_ID : 0;
            PKIStatusInfo waiting = new PKIStatusInfo(PKIStatus.waiting, new PKIFreeText("please wait"));
            return hold(answer, id, row.switches.number("poll"),
                Answers.withoutCertificate(Answers.toRequest(body.getType()), id, waiting));
        }
        return answer;
    }

    /** Any later message. */
    PKIBody go(PKIBody body) throws No {
        switch (body.getType()) {
            case PKIBody.TYPE_POLL_REQ:
                return polled(PollReqContent.getInstance(body.getContent()));
            case PKIBody.TYPE_CERT_CONFIRM:
                PKIBody answer = confirmation(CertConfirmContent.getInstance(body.getContent()));
                if (!row.switches.has("poll-confirm") || confirmationHeld) {
                    return answer;
                }
                confirmationHeld = true;
                return hold(answer, Request.NO_ID, row.switches.number("poll-confirm"), Answers.wholeWaits());
            case PKIBody.TYPE_ERROR:
                PKIStatusInfo why = ErrorMsgContent.getInstance(body.getContent()).getPKIStatusInfo();
                row.say("gave up: " + text(why));
                unconfirmed.clear();
                held = null;
                return Answers.confirmed();
            default:
                throw new No(PKIFailureInfo.transactionIdInUse, "this transaction has begun already");
        }
    }

    private PKIBody hold(PKIBody answer, int id, int times, PKIBody now) {
        held = answer;
        heldId = id;
        polls = times;
        return now;
    }

    private PKIBody polled(PollReqContent asked) throws No {
        BigInteger[] ids = asked.getCertReqIdValues();
        if (held == null || ids.length != 1 || ids[0].intValueExact() != heldId) {
            throw new No(PKIFailureInfo.badRequest, "nothing is waiting under certReqId " + List.of(ids));
        }
        if (polls-- > 0) {
            return Answers.checkAgain(heldId);
        }
        PKIBody answer = held;
        held = null;
        delayed = true;
        return answer;
    }

    private PKIBody certificate(PKIBody body, Protection.By by, char[] code) {
        int type = Answers.toRequest(body.getType());
        int id = body.getType() == PKIBody.TYPE_P10_CERT_REQ && !row.switches.has("p10-zero") ? Request.NO_ID : 0;
        if (row.switches.has("wrong-body")) {
            type = type == PKIBody.TYPE_INIT_REP ? PKIBody.TYPE_CERT_REP : PKIBody.TYPE_INIT_REP;
        }
        try {
            Request request = Request.of(body, row);
            if (by.certificate() != null && authority.isRevoked(by.certificate())) {
                throw new No(PKIFailureInfo.certRevoked, "the signer's certificate is revoked");
            }
            if (body.getType() == PKIBody.TYPE_KEY_UPDATE_REQ) {
                if (by.mac()) {
                    throw new No(PKIFailureInfo.wrongIntegrity, "a key update is signed by the certificate it replaces");
                }
                request.checkOld(by.certificate());
            }
            if (row.switches.has("refuse")) {
                throw new No(row.switches.reason("refuse"), "as the test wants it");
            }
            return granted(type, id, request, by, code);
        } catch (No no) {
            row.say("refused: " + no.getMessage());
            return Answers.withoutCertificate(type, id, Answers.refusal(no));
        }
    }

    private PKIBody granted(int type, int id, Request request, Protection.By by, char[] code) throws No {
        Switches switches = row.switches;
        SubjectPublicKeyInfo key = request.key();
        EncryptedKey encrypted = null;
        if (request.centralKey()) {
            KeyGeneration made = new KeyGeneration(authority, row, key);
            key = made.publicKey();
            encrypted = made.encrypted(by, code);
            enveloped = true;
        }
        if (switches.has("other-key")) {
            key = SubjectPublicKeyInfo.getInstance(Holder.newKeys(Holder.EC).getPublic().getEncoded());
        }
        X509CertificateHolder certificate =
            authority.issue(issuing, subject(request, by), key, request.extensions());
        row.say("issued " + certificate.getSerialNumber());
        boolean bare = switches.has("no-certificate") || switches.has("cert-in-extra-only");
        if (switches.has("cert-in-extra-only")) {
            extra.add(certificate);
        }
        if (switches.has("wrong-cert-req-id")) {
            id = 7;
        }
        PKIStatus status = switches.has("granted-with-mods") ? PKIStatus.grantedWithMods : PKIStatus.granted;
        List<CertResponse> responses = new ArrayList<>();
        responses.add(Answers.granted(id, status, bare ? null : certificate, encrypted));
        unconfirmed.put(BigInteger.valueOf(id), certificate);
        if (switches.has("two-answers")) {
            responses.add(responses.get(0));
        }
        if (switches.has("several-certificates")) {
            X509CertificateHolder other = authority.issue(issuing, new X500Name(CHOSEN + "CN=Another"),
                SubjectPublicKeyInfo.getInstance(Holder.newKeys(Holder.EC).getPublic().getEncoded()), null);
            responses.add(Answers.granted(1, PKIStatus.granted, other, null));
            unconfirmed.put(BigInteger.ONE, other);
        }
        // RFC 9483, section 4.1.1: caPubs only in an ip, and trusted only where a MAC protects it.
        boolean caPubs = type == PKIBody.TYPE_INIT_REP && !switches.has("no-ca-pubs");
        return Answers.certificates(type, caPubs ? authority.root.certificate : null, responses);
    }

    private X500Name subject(Request request, Protection.By by) {
        if (row.switches.has("granted-with-mods")) {
            return new X500Name(CHOSEN + "CN=Changed by the CA");
        }
        if (request.subject().getRDNs().length > 0) {
            return request.subject();
        }
        return by.mac() ? new X500Name(CHOSEN + "CN=Chosen by the CA") : by.certificate().getSubject();
    }

    private PKIBody confirmation(CertConfirmContent content) throws No {
        if (unconfirmed.isEmpty() || row.switches.has("implicit-unasked")) {
            throw new No(PKIFailureInfo.badRequest, "nothing is to be confirmed");
        }
        CertificateStatus[] statuses = new CertificateConfirmationContent(content).getStatusMessages();
        for (CertificateStatus status : statuses) {
            X509CertificateHolder certificate = unconfirmed.remove(status.getCertRequestID());
            if (certificate == null) {
                throw new No(PKIFailureInfo.badCertId, "certReqId " + status.getCertRequestID());
            }
            try {
                if (!status.isVerified(certificate, new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())) {
                    throw new No(PKIFailureInfo.badCertId, "certHash is not that of the certificate");
                }
            } catch (CMPException | OperatorCreationException failure) {
                throw No.of(PKIFailureInfo.badAlg, failure);
            }
            row.say("hash ok");
            PKIStatusInfo said = status.getStatusInfo();
            if (said == null || said.getStatus().intValue() == PKIStatus.GRANTED) {
                row.say("confirmed " + certificate.getSerialNumber());
            } else {
                row.say("rejected by client: " + text(said));
                authority.revoke(certificate, 5);
            }
        }
        // RFC 9810, section 5.3.18: what is not mentioned is rejected.
        unconfirmed.values().forEach(certificate -> {
            row.say("rejected by client: not mentioned");
            authority.revoke(certificate, 5);
        });
        unconfirmed.clear();
        return Answers.confirmed();
    }

    private PKIBody revocation(PKIBody body, Protection.By by) {
        try {
            RevDetails[] all = RevReqContent.getInstance(body.getContent()).toRevDetailsArray();
            if (all.length != 1) {
                throw new No(PKIFailureInfo.badRequest, all.length + " certificates in one message");
            }
            CertTemplate template = all[0].getCertDetails();
            if (template.getIssuer() == null || template.getSerialNumber() == null) {
                throw new No(PKIFailureInfo.badCertTemplate, "issuer and serial number are needed");
            }
            X509CertificateHolder certificate =
                authority.find(template.getIssuer(), template.getSerialNumber().getValue());
            if (certificate == null) {
                throw new No(PKIFailureInfo.badCertId, "there is no such certificate");
            }
            if (authority.isRevoked(certificate)) {
                throw new No(PKIFailureInfo.certRevoked, "it is revoked already");
            }
            if (!by.mac() && !by.certificate().equals(certificate)) {
                throw new No(PKIFailureInfo.notAuthorized, "another certificate's holder asks");
            }
            if (row.switches.has("refuse")) {
                throw new No(row.switches.reason("refuse"), "as the test wants it");
            }
            Extension reason = all[0].getCrlEntryDetails() == null
                ? null : all[0].getCrlEntryDetails().getExtension(Extension.reasonCode);
            int number = reason == null ? 0 : ASN1Enumerated.getInstance(reason.getParsedValue()).intValueExact();
            authority.revoke(certificate, number);
            row.say("revoked " + certificate.getSerialNumber() + " reason " + (reason == null ? "none" : number));
            return Answers.revoked(certificate);
        } catch (No no) {
            row.say("refused: " + no.getMessage());
            return Answers.notRevoked(no);
        }
    }

    private static String text(PKIStatusInfo status) {
        StringBuilder text = new StringBuilder();
        if (status.getFailInfo() != null) {
            text.append(Switches.names(new PKIFailureInfo(status.getFailInfo())));
        }
        PKIFreeText words = status.getStatusString();
        for (int i = 0; words != null && i < words.size(); i++) {
            text.append(words.getStringAtUTF8(i).getString());
        }
        return text.toString();
    }
}
