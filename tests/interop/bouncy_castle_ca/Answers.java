import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.cmp.CMPCertificate;
import org.bouncycastle.asn1.cmp.CertOrEncCert;
import org.bouncycastle.asn1.cmp.CertRepMessage;
import org.bouncycastle.asn1.cmp.CertResponse;
import org.bouncycastle.asn1.cmp.CertifiedKeyPair;
import org.bouncycastle.asn1.cmp.ErrorMsgContent;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIConfirmContent;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIFreeText;
import org.bouncycastle.asn1.cmp.PKIStatus;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;
import org.bouncycastle.asn1.cmp.PollRepContent;
import org.bouncycastle.asn1.cmp.RevRepContentBuilder;
import org.bouncycastle.asn1.crmf.CertId;
import org.bouncycastle.asn1.crmf.EncryptedKey;
import org.bouncycastle.asn1.crmf.PKIPublicationInfo;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.X509CertificateHolder;

/** Bodies of answers. */
final class Answers {
    private Answers() {}

    /** ip for ir, cp for cr and p10cr, kup for kur. */
    static int toRequest(int request) {
        return switch (request) {
            case PKIBody.TYPE_INIT_REQ -> PKIBody.TYPE_INIT_REP;
            case PKIBody.TYPE_KEY_UPDATE_REQ -> PKIBody.TYPE_KEY_UPDATE_REP;
            default -> PKIBody.TYPE_CERT_REP;
        };
    }

    static PKIStatusInfo refusal(No no) {
        return new PKIStatusInfo(PKIStatus.rejection, new PKIFreeText(no.getMessage()), new PKIFailureInfo(no.reason));
    }

    static PKIBody error(No no) {
        return new PKIBody(PKIBody.TYPE_ERROR, new ErrorMsgContent(refusal(no)));
    }

    static PKIBody confirmed() {
        return new PKIBody(PKIBody.TYPE_CONFIRM, new PKIConfirmContent());
    }

    /** RFC 9483, section 4.4: the whole answer is delayed. */
    static PKIBody wholeWaits() {
        PKIStatusInfo waiting = new PKIStatusInfo(PKIStatus.waiting, new PKIFreeText("please wait"));
        return new PKIBody(PKIBody.TYPE_ERROR, new ErrorMsgContent(waiting));
    }

    static PKIBody checkAgain(int id) {
        return new PKIBody(PKIBody.TYPE_POLL_REP,
            new PollRepContent(new ASN1Integer(id), new ASN1Integer(1), new PKIFreeText("somebody has to look at it")));
    }

    static PKIBody withoutCertificate(int type, int id, PKIStatusInfo status) {
        return certificates(type, null, List.of(new CertResponse(new ASN1Integer(id), status)));
    }

    static PKIBody certificates(int type, X509CertificateHolder root, List<CertResponse> responses) {
        CMPCertificate[] caPubs = root == null ? null : Protection.certificates(List.of(root));
        return new PKIBody(type, new CertRepMessage(caPubs, responses.toArray(new CertResponse[0])));
    }

    static CertResponse granted(int id, PKIStatus status, X509CertificateHolder certificate, EncryptedKey key) {
        PKIStatusInfo info = status.getValue().intValue() == PKIStatus.GRANTED
            ? new PKIStatusInfo(status)
            : new PKIStatusInfo(status, new PKIFreeText("the subject was changed"));
        if (certificate == null) {
            return new CertResponse(new ASN1Integer(id), info);
        }
        CertOrEncCert plain = new CertOrEncCert(new CMPCertificate(certificate.toASN1Structure()));
        return new CertResponse(
            new ASN1Integer(id), info, new CertifiedKeyPair(plain, key, (PKIPublicationInfo) null), null);
    }

    static PKIBody revoked(X509CertificateHolder certificate) {
        CertId id = new CertId(new GeneralName(certificate.getIssuer()), certificate.getSerialNumber());
        return new PKIBody(PKIBody.TYPE_REVOCATION_REP,
            new RevRepContentBuilder().add(new PKIStatusInfo(PKIStatus.granted), id).build());
    }

    static PKIBody notRevoked(No no) {
        return new PKIBody(PKIBody.TYPE_REVOCATION_REP, new RevRepContentBuilder().add(refusal(no)).build());
    }

    /** The names that RFC 9810, section 5.1.2 gives to the bodies a client sends. */
    static String name(int type) {
        List<String> names = new ArrayList<>(List.of("ir", "ip", "cr", "cp", "p10cr", "popdecc", "popdecr", "kur", "kup", "krr",
            "krp", "rr", "rp", "ccr", "ccp", "ckuann", "cann", "rann", "crlann", "pkiconf", "nested", "genm", "genp", "error",
            "certConf", "pollReq", "pollRep"));
        return names.get(type);
    }
}
