"""The application of the image: nothing runs it, it stands where an image has its own code."""

from django.http import JsonResponse


def health(request):
    return JsonResponse({"healthy": True})
